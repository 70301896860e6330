/** The first hour: the five steps from a text to a running application, and what shows that one was done. */

export const STEPS = ["edit", "run", "commit", "build", "rollout"] as const;
export type Step = (typeof STEPS)[number];

/** What is seen of the student's work, as far as it says something about the steps. */
export interface Seen {
  /** Files that git sees changed, and commits that are not pushed. */
  changed: number;
  ahead: number;
  /** A command has ended in a terminal. */
  ran: boolean;
  /** When each step of the newest Deploy had succeeded, in Unix milliseconds. */
  deployed: Partial<Record<"commit" | "build" | "rollout", number>>;
}

/** Steps that are done now; a Deploy from before `since` was somebody else's, or of another day. */
export function doneNow(seen: Seen, since: number): Step[] {
  const after = (step: keyof Seen["deployed"]) => (seen.deployed[step] ?? 0) > since;
  const done: Record<Step, boolean> = {
    edit: seen.changed > 0 || seen.ahead > 0 || after("commit"),
    run: seen.ran,
    commit: seen.ahead > 0 || after("commit"),
    build: after("build"),
    rollout: after("rollout"),
  };
  return STEPS.filter((step) => done[step]);
}

export interface Progress {
  since: number;
  done: readonly Step[];
  hidden: boolean;
}

export function readProgress(text: string | null, now: number): Progress {
  const fresh = { since: now, done: [], hidden: false };
  try {
    const { since, done, hidden } = JSON.parse(text ?? "") as Partial<Progress>;
    if (typeof since !== "number" || !Array.isArray(done)) return fresh;
    return { since, done: STEPS.filter((step) => done.includes(step)), hidden: hidden === true };
  } catch {
    return fresh;
  }
}
