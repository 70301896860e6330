/** References as a language server tells them, and as a list shows them; plain functions. */

/** Lines and characters from 0, characters in UTF-16. */
export interface Location {
  uri: string;
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
}

export interface Reference {
  path: string;
  /** From 1. */
  line: number;
  column: number;
  before: string;
  name: string;
  after: string;
}

/** Of a long line, what is around the name. */
const AROUND = 60;

/** The references in one file, each once, in the order of the text. */
export function linesOf(path: string, text: string, ranges: readonly Location["range"][]): Reference[] {
  const lines = text.split(/\r\n|\n|\r/);
  const found = ranges.map(({ start, end }): Reference => {
    const line = lines[start.line] ?? "";
    const to = end.line === start.line ? end.character : line.length;
    const before = line.slice(0, start.character);
    return {
      path,
      line: start.line + 1,
      // Places in the editor count characters, not halves of them.
      column: [...before].length + 1,
      before: before.slice(-AROUND).trimStart(),
      name: line.slice(start.character, to),
      after: line.slice(to, to + AROUND),
    };
  });
  const sorted = found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return sorted.filter((one, at) => {
    const last = sorted[at - 1];
    return last?.line !== one.line || last.column !== one.column;
  });
}

/** By file, as people know it. */
export function byFile(
  references: readonly Reference[],
  nameOf: (path: string) => string,
): [name: string, references: Reference[]][] {
  const files = new Map<string, Reference[]>();
  for (const one of references) files.set(one.path, [...(files.get(one.path) ?? []), one]);
  return [...files].map(([path, list]): [string, Reference[]] => [nameOf(path), list]);
}
