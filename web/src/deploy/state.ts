/** One Deploy at a time: started here, or found running; followed by its events until it ends. */
import { computed, signal } from "@preact/signals";
import { cancelDeployment, latestDeployment, readApp, startDeployment } from "../api/deployments";
import { describe } from "../api/http";
import { type Subscription, subscribe } from "../api/sse";
import type { App, Deployment, Step, StepName } from "../api/types";
import { say } from "../app/toast";
import { saveAll, unsaved } from "../editor/state";
import { shortPath } from "../files/state";
import { t } from "../i18n";
import { showFailure } from "./place";

export const STEPS: readonly StepName[] = ["commit", "build", "refresh", "rollout"];

export const deployment = signal<Deployment | null>(null);
export const app = signal<App | null>(null);
/** From the press of the button until the server has answered. */
export const asking = signal(false);
export const running = computed(
  () => asking.value || (deployment.value !== null && !isOver(deployment.value)),
);

const OVER = new Set(["succeeded", "failed", "cancelled"]);

export const isOver = ({ state }: Deployment): boolean => OVER.has(state);

/** All four steps in order, those the server has not named yet as pending. */
export function allSteps(of: Deployment | null): Step[] {
  return STEPS.map((name) => of?.steps.find((step) => step.name === name) ?? { name, state: "pending" });
}

/** Whole seconds a step has taken so far, null before it began. */
export function stepSeconds(step: Step, now: number): number | null {
  if (!step.started_at) return null;
  const end = step.finished_at ? Date.parse(step.finished_at) : now;
  return Math.max(0, Math.round((end - Date.parse(step.started_at)) / 1000));
}

let events: Subscription | null = null;

function take(next: Deployment): void {
  const before = deployment.peek();
  deployment.value = next;
  if (!isOver(next)) return;
  // Seen to fail: not one that had failed before the page was loaded.
  if (next.state === "failed" && before?.id === next.id && !isOver(before)) showFailure(next);
  events?.close();
  events = null;
  void refreshApp().catch(() => undefined);
}

function follow(id: string): void {
  events?.close();
  events = subscribe(`/deployments/${encodeURIComponent(id)}/events`, {
    onEvent: (event) => take(JSON.parse(event.data) as Deployment),
    // The stream ends with the Deploy; ended without it, it is opened again.
    again: () => deployment.peek()?.id !== id || !isOver(deployment.peek() as Deployment),
  });
}

/** Shows the newest Deploy, wherever it was started, and follows it where it still runs. */
export async function resumeDeployment(): Promise<void> {
  const latest = await latestDeployment();
  if (latest === null) {
    await refreshApp();
    return;
  }
  take(latest);
  if (!isOver(latest)) follow(latest.id);
}

export async function refreshApp(): Promise<void> {
  app.value = await readApp();
}

/** Saves what is unsaved, since Deploy takes what is on the disk, then deploys. */
export async function deploy(): Promise<void> {
  if (running.peek()) return;
  asking.value = true;
  try {
    const stuck = unsaved.peek().length > 0 ? await saveAll() : null;
    if (stuck !== null) {
      say(t("deploy.saveFirst", { name: shortPath(stuck) }), "bad");
      return;
    }
    const id = await startDeployment();
    deployment.value = { id, state: "running", steps: [] };
    follow(id);
  } catch (error) {
    say(describe(error), "bad");
  } finally {
    asking.value = false;
  }
}

export async function cancel(): Promise<void> {
  const now = deployment.peek();
  if (now && !isOver(now)) await cancelDeployment(now.id);
}
