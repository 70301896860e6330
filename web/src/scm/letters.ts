/** The one letter by which a change is told in lists, and its words. */
import type { Change } from "../api/git";
import type { Key } from "../i18n";

export type Decoration = Change | "conflict" | "inside";

const LETTERS: Record<Exclude<Decoration, "inside">, string> = {
  modified: "M",
  added: "A",
  deleted: "D",
  renamed: "R",
  copied: "C",
  type_changed: "T",
  untracked: "U",
  conflict: "!",
};

export const letterOf = (change: Decoration): string => (change === "inside" ? "•" : LETTERS[change]);

export const wordsOf = (change: Decoration): Key => `scm.change.${change}`;
