/** What is searched for, as the browser's own regular expression: to mark it, and to replace it. */
import type { SearchQuery } from "../api/search";

/** Null where the browser can't read it; searching, which the workspace does, may still work. */
export function patternOf({
  q,
  regex,
  matchCase,
}: Pick<SearchQuery, "q" | "regex" | "matchCase">): RegExp | null {
  if (q === "") return null;
  try {
    return new RegExp(regex ? q : escapeRegExp(q), matchCase ? "gu" : "giu");
  } catch {
    return null;
  }
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** `$1` and `$&` count where the search is a regular expression. */
export function replaceIn(line: string, pattern: RegExp, by: string, regex: boolean): string {
  return regex ? line.replace(pattern, by) : line.replace(pattern, () => by);
}

export interface Replaced {
  text: string;
  /** Lines that are other now. */
  lines: number;
}

/** The text with these lines (from 1) replaced in; all others, and all line ends, stay. */
export function replaceLines(
  text: string,
  lines: ReadonlySet<number>,
  pattern: RegExp,
  by: string,
  regex: boolean,
): Replaced {
  let changed = 0;
  const result = text.split("\n").map((line, index) => {
    if (!lines.has(index + 1)) return line;
    const end = line.endsWith("\r") ? "\r" : "";
    const next = replaceIn(end ? line.slice(0, -1) : line, pattern, by, regex) + end;
    if (next !== line) changed++;
    return next;
  });
  return { text: result.join("\n"), lines: changed };
}

export interface Shown {
  before: string;
  hit: string;
  after: string;
}

/** Characters of a line before what was found: few, for it has to be in view where the list is narrow. */
const LEAD = 10;

/** A line as its row shows it: without indentation, and beginning not far before what was found. */
export function excerpt(text: string, column: number, pattern: RegExp | null): Shown {
  // Columns count characters; JavaScript counts UTF-16.
  const at = [...text].slice(0, column - 1).join("").length;
  let length = 0;
  if (pattern) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    pattern.lastIndex = 0;
    if (found && found.index === at) length = found[0].length;
  }
  const indent = text.length - text.trimStart().length;
  const start = Math.min(indent, at);
  const cut = at - start > LEAD + 6;
  const before = cut ? `…${text.slice(at - LEAD, at)}` : text.slice(start, at);
  return { before, hit: text.slice(at, at + length), after: text.slice(at + length) };
}

/** `*.py, *.js` as one glob; a single one stays as it is. */
export function globOf(typed: string): string {
  const parts = typed
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  return parts.length > 1 ? `{${parts.join(",")}}` : (parts[0] ?? "");
}
