/** What a user likes: in force at once, and the same in all of their browsers. */
import { effect } from "@preact/signals";
import { remembered } from "./remembered";

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
export function readSettings(stored: object): Settings {
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

const { value: settings, part: settingsPart, keep } = remembered("settings", DEFAULTS, readSettings);

export { settings, settingsPart };

export function change(part: Partial<Settings>): void {
  settings.value = readSettings({ ...settings.peek(), ...part });
}

/** Larger or smaller letters, in the editor and in the terminals. */
export function zoom(by: number): void {
  const { editorFont, terminalFont } = settings.peek();
  change({ editorFont: editorFont + by, terminalFont: terminalFont + by });
}

export function startSettings(): void {
  keep();
  effect(() => {
    document.documentElement.style.setProperty("--editor-font", `${settings.value.editorFont}px`);
  });
}
