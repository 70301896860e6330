/** What the keys send that a phone's keyboard does not have. */
const ARROWS = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D" } as const;

export type Arrow = keyof typeof ARROWS;

/** `application`: the program asked for the arrows' other form (DECCKM). */
export function arrow(key: Arrow, { ctrl, application }: { ctrl: boolean; application: boolean }): string {
  if (ctrl) return `\x1b[1;5${ARROWS[key]}`;
  return `${application ? "\x1bO" : "\x1b["}${ARROWS[key]}`;
}

/** A character as it is with Ctrl, by its code in ASCII; what has none stays. */
export function withCtrl(char: string): string {
  if (char === " ") return "\0";
  if (char === "/") return "\x1f";
  if (char === "?") return "\x7f";
  return /^[@-~]$/.test(char) ? String.fromCharCode(char.charCodeAt(0) & 0x1f) : char;
}
