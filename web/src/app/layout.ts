/** Which panes are open and how large, the same in all of a user's browsers; on a phone, which one pane is shown. */
import { signal } from "@preact/signals";
import { remembered } from "../settings/remembered";

export type Pane = "files" | "editor" | "terminal" | "deploy";
/** What the pane below the editor shows. */
export const PANEL_VIEWS = ["terminal", "problems", "output", "ports"] as const;
export type PanelView = (typeof PANEL_VIEWS)[number];
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
  /** What is seen where the terminals are. */
  panel: PanelView;
}

const DEFAULTS: Sizes = {
  files: 260,
  terminal: 260,
  deploy: 360,
  terminalOpen: true,
  deployOpen: true,
  sideOpen: true,
  view: "files",
  panel: "terminal",
};
export const LIMITS = { files: [160, 520], terminal: [96, 900], deploy: [260, 640] } as const;

/** Whatever was stored: only what fits is taken. */
export function readSizes(values: object): Sizes {
  const found = { ...DEFAULTS };
  for (const [name, value] of Object.entries(values)) {
    if (!(name in DEFAULTS) || typeof value !== typeof DEFAULTS[name as keyof Sizes]) continue;
    if (name === "panel" && !PANEL_VIEWS.some((view) => view === value)) continue;
    const within = name in LIMITS ? bounded(name as Resizable, value) : value;
    Object.assign(found, { [name]: within });
  }
  return found;
}

const bounded = (what: Resizable, size: number): number => {
  const [least, most] = LIMITS[what];
  return Math.round(Math.min(most, Math.max(least, size)));
};

const { value: sizes, part: layoutPart, keep: rememberLayout } = remembered("layout", DEFAULTS, readSizes);

export { layoutPart, rememberLayout, sizes };

/** The pane a narrow screen shows. */
export const pane = signal<Pane>("editor");

export type Resizable = keyof typeof LIMITS;

export function resize(what: Resizable, to: number): void {
  sizes.value = { ...sizes.peek(), [what]: bounded(what, to) };
}

/** The terminals, in the pane below the editor; or nothing there. */
export function showTerminal(open: boolean): void {
  sizes.value = { ...sizes.peek(), terminalOpen: open, ...(open && { panel: "terminal" as const }) };
}

/** Something in the pane below the editor. */
export function showPanel(panel: PanelView): void {
  sizes.value = { ...sizes.peek(), terminalOpen: true, panel };
  pane.value = "terminal";
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
