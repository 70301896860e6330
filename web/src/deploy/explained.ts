/** Which explanations of Deploy's steps are unfolded: all, until somebody folds one away; the same in all browsers of a user. */
import { effect, signal } from "@preact/signals";
import type { StepName } from "../api/types";
import { different, type Part } from "../settings/part";

type Unfolded = Record<StepName, boolean>;

const KEY = "maru.explained";
const DEFAULTS: Unfolded = { commit: true, build: true, refresh: true, rollout: true };

/** Whatever was stored: only what fits is taken. */
export function readUnfolded(values: unknown): Unfolded {
  const found = { ...DEFAULTS };
  if (values === null || typeof values !== "object") return found;
  for (const [name, value] of Object.entries(values)) {
    if (name in DEFAULTS && typeof value === "boolean") found[name as StepName] = value;
  }
  return found;
}

function stored(): Unfolded {
  try {
    return readUnfolded(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
  } catch {
    return DEFAULTS;
  }
}

export const unfolded = signal<Unfolded>(stored());

export function unfold(step: StepName, open: boolean): void {
  if (unfolded.peek()[step] !== open) unfolded.value = { ...unfolded.peek(), [step]: open };
}

export const explainedPart: Part = {
  name: "explained",
  read: () => different(unfolded.value, DEFAULTS),
  take: (values) => {
    unfolded.value = readUnfolded(values);
  },
};

export function rememberExplained(): void {
  effect(() => {
    localStorage.setItem(KEY, JSON.stringify(unfolded.value));
  });
}
