/** Which explanations of Deploy's steps are unfolded: all, until somebody folds one away. */
import type { StepName } from "../api/types";
import { remembered } from "../settings/remembered";

type Unfolded = Record<StepName, boolean>;

const DEFAULTS: Unfolded = { commit: true, build: true, refresh: true, rollout: true };

/** Whatever was stored: only what fits is taken. */
export function readUnfolded(values: object): Unfolded {
  const found = { ...DEFAULTS };
  for (const [name, value] of Object.entries(values)) {
    if (name in DEFAULTS && typeof value === "boolean") found[name as StepName] = value;
  }
  return found;
}

const {
  value: unfolded,
  part: explainedPart,
  keep: rememberExplained,
} = remembered("explained", DEFAULTS, readUnfolded);

export { explainedPart, rememberExplained, unfolded };

export function unfold(step: StepName, open: boolean): void {
  if (unfolded.peek()[step] !== open) unfolded.value = { ...unfolded.peek(), [step]: open };
}
