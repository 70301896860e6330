/** Key combinations as text, such as `Ctrl+Shift+P`: read, compared with what was pressed, and shown. */

export interface Chord {
  /** Command on a Mac, where people expect it. */
  ctrl: boolean;
  shift: boolean;
  alt: boolean;
  /** A capital letter, a digit, one of the signs below, or a key's own name such as `F1` or `Escape`. */
  key: string;
}

export type Pressed = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">;

const SIGNS: Record<string, string> = {
  "`": "Backquote",
  ",": "Comma",
  ".": "Period",
  "/": "Slash",
  "\\": "Backslash",
  "-": "Minus",
  "=": "Equal",
  "[": "BracketLeft",
  "]": "BracketRight",
  ";": "Semicolon",
  "'": "Quote",
};
const SIGN_OF = Object.fromEntries(Object.entries(SIGNS).map(([sign, code]) => [code, sign]));
const MODIFIERS = new Set([
  "Control",
  "Shift",
  "Alt",
  "Meta",
  "AltGraph",
  "CapsLock",
  "HangulMode",
  "Process",
]);

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** Null where `text` names no key. */
export function parseChord(text: string): Chord | null {
  const parts = text.split("+").map((part) => part.trim());
  const last = parts.pop();
  if (!last) return null;
  const names = new Set(parts.map((part) => part.toLowerCase()));
  const key = last.length === 1 ? last.toUpperCase() : last;
  return { ctrl: names.has("ctrl"), shift: names.has("shift"), alt: names.has("alt"), key };
}

/** The chord of a key press; null for a modifier alone. Letters are found while Hangul is typed, too. */
export function chordOf(event: Pressed, mac = isMac): Chord | null {
  const key = keyOf(event);
  if (key === null) return null;
  const ctrl = mac ? event.metaKey || event.ctrlKey : event.ctrlKey && !event.metaKey;
  return { ctrl, shift: event.shiftKey, alt: event.altKey, key };
}

function keyOf({ key, code }: Pressed): string | null {
  if (MODIFIERS.has(key) && !/^(Key|Digit)/.test(code)) return null;
  if (/^[a-z]$/i.test(key)) return key.toUpperCase();
  // By place where the sign depends on Shift or the language.
  const place = /^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? SIGN_OF[code];
  return place ?? (key === " " ? "Space" : key);
}

export const sameChord = (a: Chord, b: Chord): boolean =>
  a.ctrl === b.ctrl && a.shift === b.shift && a.alt === b.alt && a.key === b.key;

export const chordText = ({ ctrl, shift, alt, key }: Chord): string =>
  [ctrl && "Ctrl", alt && "Alt", shift && "Shift", key].filter(Boolean).join("+");

const ARROWS: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };
const PLAIN_SIGNS: Record<string, string> = { ...ARROWS, Escape: "Esc", PageUp: "PgUp", PageDown: "PgDn" };
const MAC_SIGNS: Record<string, string> = { ...ARROWS, Enter: "↩", Escape: "⎋", Backspace: "⌫", Delete: "⌦" };

/** The keys to draw, one after another. */
export function chordKeys(text: string, mac = isMac): string[] {
  const chord = parseChord(text);
  if (!chord) return [];
  const { ctrl, shift, alt, key } = chord;
  const found = mac
    ? [alt && "⌥", shift && "⇧", ctrl && "⌘", MAC_SIGNS[key] ?? key]
    : [ctrl && "Ctrl", alt && "Alt", shift && "Shift", PLAIN_SIGNS[key] ?? key];
  return found.filter((part): part is string => Boolean(part));
}
