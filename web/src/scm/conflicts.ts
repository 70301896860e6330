/** The marks that git leaves in a file where both sides changed the same lines, and what becomes of them. */

export interface Conflict {
  /** From the first mark to the end of the last one's line. */
  from: number;
  to: number;
  ours: Side;
  theirs: Side;
}

export interface Side {
  /** As git calls it: a branch, a commit. */
  name: string;
  text: string;
  from: number;
  to: number;
}

export type Choice = "ours" | "theirs" | "both";

const START = /^<{7}(?: (.*))?$/;
const BASE = /^\|{7}(?: .*)?$/;
const MIDDLE = /^={7}$/;
const END = /^>{7}(?: (.*))?$/;

type Part = "outside" | "ours" | "base" | "theirs";

/** From the top down; marks that do not belong together are text. */
export function parseConflicts(text: string): Conflict[] {
  const found: Conflict[] = [];
  let part: Part = "outside";
  let [start, oursFrom, oursTo, theirsFrom, oursName] = [0, 0, 0, 0, ""];
  let at = 0;
  for (const line of text.split("\n")) {
    const next = Math.min(at + line.length + 1, text.length);
    const bare = line.replace(/\r$/, "");
    const begins = START.exec(bare);
    const ends = END.exec(bare);
    if (begins) {
      // A conflict that has no end is left alone.
      part = "ours";
      [start, oursFrom, oursTo, oursName] = [at, next, next, begins[1] ?? ""];
    } else if (part === "ours" && BASE.test(bare)) {
      part = "base";
      oursTo = at;
    } else if ((part === "ours" || part === "base") && MIDDLE.test(bare)) {
      if (part === "ours") oursTo = at;
      part = "theirs";
      theirsFrom = next;
    } else if (part === "theirs" && ends) {
      const side = (name: string, from: number, to: number): Side => ({
        name,
        from,
        to,
        text: text.slice(from, to),
      });
      const ours = side(oursName, oursFrom, oursTo);
      found.push({ from: start, to: next, ours, theirs: side(ends[1] ?? "", theirsFrom, at) });
      part = "outside";
    }
    at = next;
  }
  return found;
}

export function chosen({ ours, theirs }: Conflict, choice: Choice): string {
  if (choice === "ours") return ours.text;
  if (choice === "theirs") return theirs.text;
  return ours.text + theirs.text;
}
