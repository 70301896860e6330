/** Which panes are open and how large, remembered in this browser; on a phone, which one pane is shown. */
import { effect, signal } from "@preact/signals";

export type Pane = "files" | "editor" | "terminal" | "deploy";
export const PANES: readonly Pane[] = ["files", "editor", "terminal", "deploy"];

interface Sizes {
  /** Widths and height in CSS pixels. */
  files: number;
  terminal: number;
  deploy: number;
  terminalOpen: boolean;
  deployOpen: boolean;
  sideOpen: boolean;
  /** The id of the view at the side. */
  view: string;
}

const KEY = "maru.layout";
const DEFAULTS: Sizes = {
  files: 260,
  terminal: 260,
  deploy: 360,
  terminalOpen: true,
  deployOpen: true,
  sideOpen: true,
  view: "files",
};
export const LIMITS = { files: [160, 520], terminal: [96, 900], deploy: [260, 640] } as const;

function stored(): Sizes {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Sizes>) };
  } catch {
    return DEFAULTS;
  }
}

export const sizes = signal<Sizes>(stored());
/** The pane a narrow screen shows. */
export const pane = signal<Pane>("editor");

export type Resizable = keyof typeof LIMITS;

export function resize(what: Resizable, to: number): void {
  const [least, most] = LIMITS[what];
  sizes.value = { ...sizes.peek(), [what]: Math.round(Math.min(most, Math.max(least, to))) };
}

export function showTerminal(open: boolean): void {
  sizes.value = { ...sizes.peek(), terminalOpen: open };
}

export function showDeploy(open: boolean): void {
  sizes.value = { ...sizes.peek(), deployOpen: open };
  if (open) pane.value = "deploy";
}

/** On a phone, one pane at a time. */
export function showPane(which: Pane): void {
  pane.value = which;
}

export function showSide(open: boolean): void {
  sizes.value = { ...sizes.peek(), sideOpen: open };
}

export function showView(id: string): void {
  sizes.value = { ...sizes.peek(), sideOpen: true, view: id };
  pane.value = "files";
}

export function rememberLayout(): void {
  effect(() => {
    localStorage.setItem(KEY, JSON.stringify(sizes.value));
  });
}
