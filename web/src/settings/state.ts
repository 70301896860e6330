/** What a user likes: in force at once, and the same in all of their browsers. */
import { effect, signal } from "@preact/signals";
import { different, type Part } from "./part";

export interface Settings {
  /** CSS pixels. */
  editorFont: number;
  terminalFont: number;
  /** Long lines go on in the next row. */
  wrap: boolean;
  /** Spaces and tabs are drawn. */
  whitespace: boolean;
  /** Saved a second after the last key. */
  autosave: boolean;
  /** What is selected in a terminal is copied. */
  copyOnSelect: boolean;
  /** Programs in terminals may put text into the clipboard without being asked about. */
  clipboard: boolean;
  /** Terminals are read by screen readers. */
  screenReader: boolean;
  /** Programs that know the language help with a text. */
  languageServers: boolean;
  /** Vim's keys in the editor. */
  vim: boolean;
  /** The whole text, small, at its right. */
  minimap: boolean;
}

export const FONT_LIMITS = [9, 28] as const;
const KEY = "maru.settings";
export const DEFAULTS: Settings = {
  editorFont: 13.5,
  terminalFont: 13,
  wrap: false,
  whitespace: false,
  autosave: false,
  copyOnSelect: false,
  clipboard: false,
  screenReader: false,
  languageServers: true,
  vim: false,
  minimap: false,
};

/** Whatever was stored, by an older page or by hand: only what fits is taken. */
export function readSettings(text: string | null): Settings {
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? "{}");
  } catch {
    return DEFAULTS;
  }
  if (stored === null || typeof stored !== "object") return DEFAULTS;
  const found = { ...DEFAULTS };
  for (const [name, value] of Object.entries(stored)) {
    if (!(name in DEFAULTS) || typeof value !== typeof DEFAULTS[name as keyof Settings]) continue;
    Object.assign(found, { [name]: value });
  }
  found.editorFont = within(found.editorFont);
  found.terminalFont = within(found.terminalFont);
  return found;
}

const within = (size: number): number => Math.min(FONT_LIMITS[1], Math.max(FONT_LIMITS[0], size));

export const settings = signal<Settings>(readSettings(localStorage.getItem(KEY)));

export const settingsPart: Part = {
  name: "settings",
  read: () => different(settings.value, DEFAULTS),
  take: (values) => {
    settings.value = readSettings(JSON.stringify(values));
  },
};

export function change(part: Partial<Settings>): void {
  settings.value = readSettings(JSON.stringify({ ...settings.peek(), ...part }));
}

/** Larger or smaller letters, in the editor and in the terminals. */
export function zoom(by: number): void {
  const { editorFont, terminalFont } = settings.peek();
  change({ editorFont: editorFont + by, terminalFont: terminalFont + by });
}

export function startSettings(): void {
  effect(() => {
    localStorage.setItem(KEY, JSON.stringify(settings.value));
    document.documentElement.style.setProperty("--editor-font", `${settings.value.editorFont}px`);
  });
}
