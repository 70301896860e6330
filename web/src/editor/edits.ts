/** Edits of a text, as the check of manifests offers them. */
import type { Edit } from "../api/types";

/** The text with all edits made; null where one names a place that is not there, or two overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string | null {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const spans = edits.map((edit) => ({
    from: offset(text, starts, edit.line, edit.column),
    to: offset(text, starts, edit.end_line, edit.end_column),
    insert: edit.text,
  }));
  let mended = text;
  let before = text.length;
  // From the end on, so that places before stay where they are.
  for (const { from, to, insert } of spans.reverse().sort((a, b) => (b.from ?? 0) - (a.from ?? 0))) {
    if (from === null || to === null || from > to || to > before) return null;
    mended = mended.slice(0, from) + insert + mended.slice(to);
    before = from;
  }
  return mended;
}

/** Columns are characters, of which some take two places in a JavaScript string. */
function offset(text: string, starts: readonly number[], line: number, column: number): number | null {
  const start = starts[line - 1];
  if (start === undefined) return line === starts.length + 1 && column === 1 ? text.length : null;
  const end = starts[line] ?? text.length + 1;
  const characters = [...text.slice(start, end - 1)];
  if (column < 1 || column > characters.length + 1) return null;
  return start + characters.slice(0, column - 1).join("").length;
}
