/** What is done about target and current state; each tells how it ended. */
import { signal } from "@preact/signals";
import { cancelRollout, type Rollout, readRollouts, startRollout } from "../api/rollouts";
import { refreshTarget } from "../api/target";
import { say } from "../app/toast";
import { askToGoBack, followRollout, isOver, lookAtRollouts, rollouts } from "../appmap/rollouts";
import { refreshApp } from "../deploy/state";
import { t } from "../i18n";
import { lookAtTarget } from "./target";

/** What was pressed and has not ended. */
export const doing = signal<"refresh" | "start" | null>(null);

const short = (commit: string): string => commit.slice(0, 7);

async function during(what: "refresh" | "start", work: () => Promise<void>): Promise<void> {
  if (doing.peek() !== null) return;
  doing.value = what;
  try {
    await work();
  } finally {
    doing.value = null;
    await Promise.all([refreshApp(), lookAtTarget(), lookAtRollouts()]);
  }
}

/** Reads what another source says, whose errors are told where it was chosen. */
export async function refreshQuietly(): Promise<void> {
  try {
    await refreshTarget();
  } finally {
    await Promise.all([refreshApp(), lookAtTarget()]);
  }
}

export const refresh = (): Promise<void> =>
  during("refresh", async () => {
    const { commit, state } = await refreshTarget();
    if (state === "failed") say(t("rollout.refreshFailed", { commit: short(commit) }), "bad");
    else say(t("rollout.refreshed", { commit: short(commit) }), "good");
  });

export const rollOut = (): Promise<void> =>
  during("start", async () => {
    const { state, number, detail } = await followRollout(await startRollout());
    if (state === "healthy") say(t("rollout.started", { number }), "good");
    else say(detail, "bad");
  });

export async function cancelWaiting({ id }: Rollout): Promise<void> {
  await cancelRollout(id);
  await lookAtRollouts();
}

/** What the button of History does for the newest of those that ran before the present one. */
export async function backToTheOneBefore(): Promise<void> {
  rollouts.value = await readRollouts();
  const before = rollouts.peek().slice(1);
  const to = before.find(({ state }) => state === "healthy") ?? null;
  if (to === null || !rollouts.peek().every(isOver)) say(t("rollout.noneBefore"), "bad");
  else await askToGoBack(to);
}
