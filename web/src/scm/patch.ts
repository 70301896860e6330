/** A patch as git prints it, read into files and hunks, each of which can be applied on its own. */

export interface PatchLine {
  kind: "same" | "added" | "removed" | "note";
  text: string;
  /** From 1, on the side that has the line. */
  old: number | null;
  now: number | null;
}

export interface Hunk {
  /** Its first line: `@@ -1,3 +1,4 @@ …`. */
  head: string;
  /** What git found to be around it, a function's name mostly. */
  around: string;
  lines: PatchLine[];
  /** As it was printed. */
  text: string;
}

export interface FilePatch {
  path: string;
  from: string | null;
  /** The lines before the first hunk. */
  head: string;
  hunks: Hunk[];
  binary: boolean;
}

export function parsePatch(text: string): FilePatch[] {
  const starts = [...text.matchAll(/^diff --(?:git|cc|combined) /gm)].map((found) => found.index);
  return starts.map((start, index) => parseFile(text.slice(start, starts[index + 1] ?? text.length)));
}

function parseFile(text: string): FilePatch {
  const first = text.search(/^@@ /m);
  const head = first < 0 ? text : text.slice(0, first);
  const now = nameIn(head, "\\+\\+\\+") ?? nameIn(head, "rename to") ?? null;
  const before = nameIn(head, "---") ?? nameIn(head, "rename from") ?? null;
  const path = now ?? before ?? /^diff --git a\/.* b\/(.*)$/m.exec(head)?.[1] ?? "";
  return {
    path,
    from: before !== null && before !== path ? before : null,
    head,
    hunks: first < 0 ? [] : parseHunks(text.slice(first)),
    binary: /^(Binary files .* differ|GIT binary patch)$/m.test(head),
  };
}

function nameIn(head: string, word: string): string | undefined {
  const found = new RegExp(`^${word} (.+?)\\t?$`, "m").exec(head)?.[1];
  if (!found || found === "/dev/null") return undefined;
  const plain = found.startsWith('"') ? unquote(found) : found;
  return /rename/.test(word) ? plain : plain.replace(/^[ab]\//, "");
}

/** git quotes names with control characters, quotes and backslashes as C does. */
function unquote(text: string): string {
  const signs: Record<string, string> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };
  return text
    .slice(1, -1)
    .replace(
      /\\([ntr"\\]|[0-7]{3})/g,
      (_, sign: string) => signs[sign] ?? String.fromCharCode(parseInt(sign, 8)),
    );
}

function parseHunks(text: string): Hunk[] {
  const starts = [...text.matchAll(/^@@ /gm)].map((found) => found.index);
  return starts.map((start, index) => parseHunk(text.slice(start, starts[index + 1] ?? text.length)));
}

function parseHunk(text: string): Hunk {
  const [head = "", ...rest] = text.split("\n");
  if (rest.at(-1) === "") rest.pop();
  const found = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/.exec(head);
  let old = Number(found?.[1] ?? 1);
  let now = Number(found?.[2] ?? 1);
  const lines = rest.map((line): PatchLine => {
    const said = line.slice(1);
    switch (line[0]) {
      case "+":
        return { kind: "added", text: said, old: null, now: now++ };
      case "-":
        return { kind: "removed", text: said, old: old++, now: null };
      case "\\":
        return { kind: "note", text: said.trim(), old: null, now: null };
      default:
        return { kind: "same", text: said, old: old++, now: now++ };
    }
  });
  return { head, around: found?.[3] ?? "", lines, text: text.endsWith("\n") ? text : `${text}\n` };
}

/** One hunk as a patch of its own. */
export const hunkPatch = (file: FilePatch, hunk: Hunk): string => file.head + hunk.text;

export interface Counts {
  added: number;
  removed: number;
}

export function countsOf(file: FilePatch): Counts {
  const lines = file.hunks.flatMap((hunk) => hunk.lines);
  const of = (kind: PatchLine["kind"]) => lines.filter((line) => line.kind === kind).length;
  return { added: of("added"), removed: of("removed") };
}

/** A file that git does not know yet, as a patch: all its lines are new. */
export function newFilePatch(path: string, text: string): FilePatch {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const hunk: Hunk = {
    head: `@@ -0,0 +1,${lines.length} @@`,
    around: "",
    lines: lines.map((line, index) => ({ kind: "added", text: line, old: null, now: index + 1 })),
    text: "",
  };
  return { path, from: null, head: "", hunks: lines.length > 0 ? [hunk] : [], binary: false };
}
