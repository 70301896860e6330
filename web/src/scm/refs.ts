/** What points at a commit, as the list of commits shows it; plain functions. */

export interface Ref {
  name: string;
  /** The branch that is checked out. */
  head: boolean;
  /** The other side's branch of a name that is there already: it is at the same commit, and that is all there is to say. */
  twin: boolean;
}

/** `refs` as git tells them: `HEAD -> main`, `origin/main`, `origin/HEAD`, `tag: v1`. */
export function refsOf(refs: readonly string[]): Ref[] {
  // Where the other side's default branch points is told by that branch.
  const told = refs.filter((ref) => !ref.endsWith("/HEAD"));
  const names = told.map((ref) => ref.replace("HEAD -> ", ""));
  return names.map((name, index) => ({
    name,
    head: told[index]?.startsWith("HEAD") ?? false,
    twin: names.includes(name.slice(name.indexOf("/") + 1)) && name.includes("/"),
  }));
}
