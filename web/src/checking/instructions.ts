/** Where one is in a Dockerfile; plain functions over its lines. */

export type DockerPlace =
  /** At a word that must be an instruction. */
  | { kind: "instruction"; from: number }
  /** At the name of an image. */
  | { kind: "image"; from: number };

/** Whether a line goes on with the instruction above it. */
const isContinued = (lines: readonly string[], line: number): boolean => {
  for (let above = line - 1; above >= 0; above--) {
    const text = lines[above] ?? "";
    // Comments and empty lines may stand between.
    if (/^\s*(#|$)/.test(text)) continue;
    return /\\\s*$/.test(text);
  }
  return false;
};

/** Lines and columns from 0; `from` is the column where the word begins. */
export function dockerPlace(lines: readonly string[], line: number, column: number): DockerPlace | null {
  const before = (lines[line] ?? "").slice(0, column);
  if (/^\s*#/.test(before) || isContinued(lines, line)) return null;
  const first = /^\s*(?:onbuild\s+)?([a-z]*)$/i.exec(before);
  if (first) return { kind: "instruction", from: column - (first[1] ?? "").length };
  const image =
    /^\s*from\s+(?:--\S+\s+)*(\S*)$/i.exec(before) ?? /^\s*(?:copy|add)\s+--from=(\S*)$/i.exec(before);
  return image ? { kind: "image", from: column - (image[1] ?? "").length } : null;
}

/** The names of the stages above a line. */
export function stagesAbove(lines: readonly string[], line: number): string[] {
  return lines.slice(0, line).flatMap((text) => /^\s*from\s.*\sas\s+(\S+)\s*$/i.exec(text)?.[1] ?? []);
}

/** The instruction whose word is at a column, with the place of the word. */
export function instructionAt(
  lines: readonly string[],
  line: number,
  column: number,
): { name: string; from: number; to: number } | null {
  if (isContinued(lines, line)) return null;
  const found = /^(\s*(?:onbuild\s+)?)([a-z]+)(?=\s|$)/i.exec(lines[line] ?? "");
  const [from, word] = [found?.[1]?.length ?? 0, found?.[2] ?? ""];
  const to = from + word.length;
  return found && column >= from && column <= to ? { name: word.toUpperCase(), from, to } : null;
}
