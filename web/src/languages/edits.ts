/** Edits that a language server asks for, in whichever of the protocol's two ways it writes them. */

export interface TextEdit {
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
  newText: string;
}

/** By the address of the file. */
export type Changes = Record<string, TextEdit[]>;

interface WorkspaceEdit {
  changes?: Changes;
  documentChanges?: { textDocument?: { uri: string }; edits?: TextEdit[] }[];
}

export function changesOf(edit: WorkspaceEdit): Changes {
  const found: Changes = { ...edit.changes };
  for (const { textDocument, edits } of edit.documentChanges ?? []) {
    // Files that are to be made, renamed or deleted are not texts: those are left alone.
    if (textDocument && edits) found[textDocument.uri] = [...(found[textDocument.uri] ?? []), ...edits];
  }
  return found;
}

/** The text with all edits made; places are in UTF-16, as JavaScript's are. */
export function applyTextEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((end) => end.index + end[0].length)];
  const offset = ({ line, character }: TextEdit["range"]["start"]) =>
    Math.min(text.length, (starts[line] ?? text.length) + character);
  return edits
    .map(({ range, newText }) => ({ from: offset(range.start), to: offset(range.end), newText }))
    .toSorted((a, b) => b.from - a.from)
    .reduce((sum, { from, to, newText }) => sum.slice(0, from) + newText + sum.slice(to), text);
}
