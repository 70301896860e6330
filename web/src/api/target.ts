/** What git asks for, beside what runs. */
import { ask, askJson } from "./http";
import type { PlannedObject } from "./plan";
import type { App, AppSource, TargetState } from "./types";

export interface Target extends TargetState {
  /** The cluster was asked what would become of the objects. */
  compared: boolean;
  /** What a rollout of it would change now; null where it cannot be rolled out. */
  diff: PlannedObject[] | null;
}

/** Null before it was read for the first time. */
export async function readTarget(): Promise<Target | null> {
  const response = await ask("/app/target", { accept: [404, 409] });
  return response.ok ? ((await response.json()) as Target) : null;
}

/** Reads it from git again; changes nothing that runs. */
export const refreshTarget = (): Promise<Target> => askJson<Target>("/app/refresh", { method: "POST" });

/** Where its manifests and code come from; one elsewhere that cannot be fetched is not taken. */
export const putSource = (source: AppSource, path: string): Promise<App> =>
  askJson<App>("/app?fetch=1", { method: "PUT", json: { source, path } });

/** Whether a push to main refreshes it. */
export const setRefreshOnPush = (on: boolean): Promise<App> =>
  askJson<App>("/app", { method: "PATCH", json: { refresh_on_push: on } });
