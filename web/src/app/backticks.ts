/** What stands between backticks in a message is code: a key, a name, a command. */
export interface Piece {
  text: string;
  code: boolean;
}

export function piecesOf(message: string): Piece[] {
  // A single backtick is one that was meant.
  return message
    .split(/(`[^`\n]+`)/)
    .filter((text) => text !== "")
    .map((text) =>
      /^`[^`]+`$/.test(text) ? { text: text.slice(1, -1), code: true } : { text, code: false },
    );
}
