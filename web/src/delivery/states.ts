/** Target state beside current state, object by object. */
import type { App, AppObject, ObjectName } from "../api/types";

export interface Pair {
  kind: string;
  name: string;
  /** comes: with the next rollout; goes: nothing in git asks for it any more. */
  what: "both" | "comes" | "goes";
  /** How it is in the cluster, where it is there. */
  current: AppObject | null;
}

const keyOf = ({ kind, name }: { kind: string; name: string }): string => `${kind}/${name}`;

/** In the order of the target state; what it does not have stands at the end. */
export function pairs(target: readonly ObjectName[], current: readonly AppObject[]): Pair[] {
  const runs = new Map(current.map((object) => [keyOf(object), object]));
  const wanted = target.map((object): Pair => {
    const found = runs.get(keyOf(object)) ?? null;
    runs.delete(keyOf(object));
    return { kind: object.kind, name: object.name, what: found ? "both" : "comes", current: found };
  });
  const left = [...runs.values()].map(
    (object): Pair => ({ kind: object.kind, name: object.name, what: "goes", current: object }),
  );
  return [...wanted, ...left];
}

export type Relation = "unread" | "failed" | "nothing" | "same" | "other";

/** How the two stand to each other, as one sentence tells it. */
export function relationOf({ target, current }: Pick<App, "target" | "current">): Relation {
  if (!target) return "unread";
  if (target.state === "failed") return "failed";
  if (!current?.commit) return "nothing";
  return current.commit === target.commit ? "same" : "other";
}
