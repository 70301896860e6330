/** Where in an object a line of YAML is, by its indentation: enough while it is typed, when nothing can parse it. */

export interface Place {
  apiVersion: string;
  kind: string;
  /** Keys from the object down, without places in lists. */
  path: string[];
  /** Keys that are there beside it. */
  siblings: ReadonlySet<string>;
  /** The key whose value is being written; null while it is the key itself. */
  under: string | null;
}

interface Line {
  /** Columns before its key, with those of dashes. */
  indent: number;
  key: string;
  /** It begins an item of a list: where its dash is. */
  dash: number | null;
}

const KEY = /^(\s*)((?:-\s+)*)(?:"([^"]+)"|'([^']+)'|([^\s:#"'{[][^:#]*?))\s*:(?:\s|$)/;

function readLine(text: string): Line | null {
  const found = KEY.exec(text);
  if (!found) return null;
  const [, space = "", dashes = "", double, single, plain] = found;
  return {
    indent: space.length + dashes.length,
    key: double ?? single ?? plain ?? "",
    dash: dashes === "" ? null : space.length,
  };
}

/** `column` from 0; null where it is in no object. */
export function placeAt(lines: readonly string[], index: number, column: number): Place | null {
  const isEnd = (line: string | undefined) => line?.startsWith("---") ?? true;
  let first = index;
  while (first > 0 && !isEnd(lines[first - 1])) first--;
  let last = index;
  while (last + 1 < lines.length && !isEnd(lines[last + 1])) last++;
  if (isEnd(lines[index])) return null;

  const before = (lines[index] ?? "").slice(0, column);
  const own = KEY.exec(before.includes(":") ? before : "");
  const under = own ? (own[3] ?? own[4] ?? own[5] ?? null) : null;
  const start = /^(\s*)((?:-\s+)*)/.exec(before);
  const indent = (start?.[1]?.length ?? 0) + (start?.[2]?.length ?? 0);
  let dash = start?.[2] ? (start[1]?.length ?? 0) : null;

  const path: string[] = [];
  const siblings = new Set<string>();
  let level = indent;
  for (let at = index - 1; at >= first; at--) {
    const line = readLine(lines[at] ?? "");
    if (!line) continue;
    // An item's own dash ends its keys: what is above at their level is another item's.
    if (line.indent === indent && level === indent && dash === null) {
      siblings.add(line.key);
      dash = line.dash;
      continue;
    }
    const parent =
      dash === null
        ? line.indent < level
        : line.indent <= dash && !(line.dash !== null && line.dash === dash);
    if (!parent) continue;
    path.unshift(line.key);
    level = line.indent;
    dash = line.dash;
  }
  for (let at = index + 1; at <= last; at++) {
    const line = readLine(lines[at] ?? "");
    if (!line) continue;
    if (line.indent < indent || line.dash !== null) break;
    if (line.indent === indent) siblings.add(line.key);
  }
  const top = (key: string): string => {
    for (let at = first; at <= last; at++) {
      const found = new RegExp(`^${key}:\\s*["']?([^"'#\\s]+)`).exec(lines[at] ?? "");
      if (found) return found[1] ?? "";
    }
    return "";
  };
  return { apiVersion: top("apiVersion"), kind: top("kind"), path, siblings, under };
}
