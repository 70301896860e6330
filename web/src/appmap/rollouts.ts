/** Rollouts that were, and what differs from the newest: looked at while the page of the application is open. */
import { signal } from "@preact/signals";
import { pause } from "../api/pause";
import { type Drift, type Rollout, readDrift, readRollout, readRollouts, rollBack } from "../api/rollouts";
import { confirm } from "../app/confirm";
import { lookAgain } from "../app/lookAgain";
import { say } from "../app/toast";
import { refreshApp } from "../deploy/state";
import { t } from "../i18n";
import { look } from "./state";

/** The API server compares each object: not as often as the picture is looked at. */
const LOOK_MS = 8000;
/** While one is on its way. */
const SOON_MS = 2000;
const FOLLOW_MS = 500;

export const rollouts = signal<readonly Rollout[]>([]);
export const drift = signal<Drift | null>(null);
/** The number of the rollout that is gone back to now. */
export const goingBack = signal<number | null>(null);

const OVER = new Set(["healthy", "failed", "cancelled"]);
export const isOver = ({ state }: Rollout): boolean => OVER.has(state);

/** Where to go back to: what ran well before the newest, where that did not come to run. */
export function lastHealthy(all: readonly Rollout[]): Rollout | null {
  const [newest, ...before] = all;
  if (!newest || !isOver(newest) || newest.state === "healthy") return null;
  return before.find(({ state }) => state === "healthy") ?? null;
}

export async function lookAtRollouts(): Promise<void> {
  const [all, differs] = await Promise.all([readRollouts(), readDrift()]);
  rollouts.value = all;
  drift.value = differs;
}

/** Until the answer is called. A cluster that is away is told by the picture. */
export const watchRollouts = (): (() => void) =>
  lookAgain(lookAtRollouts, () => (rollouts.peek().every(isOver) ? LOOK_MS : SOON_MS));

/** Answers how it ended; meanwhile the list shows how it goes. */
export async function followRollout(started: Rollout): Promise<Rollout> {
  let now = started;
  for (;;) {
    rollouts.value = [now, ...rollouts.peek().filter(({ id }) => id !== now.id)];
    if (isOver(now)) return now;
    await pause(FOLLOW_MS);
    now = await readRollout(now.id);
  }
}

export async function askToGoBack(to: Rollout): Promise<void> {
  const { number, commit } = to;
  const yes = await confirm(
    t("appmap.backAsk", { number }),
    t("appmap.backText", { commit: commit.slice(0, 7) }),
    t("appmap.back"),
  );
  if (yes) await goBackTo(to);
}

/** Brings back what a rollout brought about, and follows it to its end. */
export async function goBackTo({ id, number }: Rollout): Promise<void> {
  goingBack.value = number;
  try {
    const now = await followRollout(await rollBack(id));
    if (now.state === "healthy") say(t("appmap.wentBack", { number }), "good");
    else say(now.detail, "bad");
  } finally {
    goingBack.value = null;
    await Promise.all([lookAtRollouts(), look(), refreshApp()]);
  }
}

/** `kubectl-edit` as people call it. */
export function handWords(manager: string): string {
  if (manager === "maru-page") return t("appmap.byPage");
  return manager.replace(/^kubectl-(?=[a-z])/, "kubectl ");
}
