/** The target state, rollouts that were, the way back to one, and what was changed by hand since. */
import { ask, askJson } from "./http";
import type { PlannedObject } from "./plan";

export interface Rollout {
  id: string;
  number: number;
  commit: string;
  /** The rollout that this one went back to. */
  origin: string | null;
  /** The login of who began it; null for those of an older Maru. */
  by: string | null;
  state: string;
  detail: string;
  time: string;
  finished_at: string | null;
}

/** With what it changed. */
export interface RolloutChanges extends Rollout {
  /** Against the rollout of this number; against nothing, for the first. */
  diff: { against: number | null; objects: PlannedObject[] };
}

export interface DriftedObject {
  kind: string;
  name: string;
  /** It was deleted. */
  gone: boolean;
  file: string | null;
  line: number | null;
  /** From what is there to what was asked for. */
  fields: { path: string; before: string | null; after: string | null }[];
  /** What nobody asked for; rollouts leave it. */
  extra: { path: string; value: string | null }[];
  hands: { manager: string; at: string }[];
}

export interface Drift {
  /** What it differs from; null where nothing was compared. */
  rollout: string | null;
  objects: DriftedObject[];
}

export const readRollouts = async (): Promise<Rollout[]> =>
  (await askJson<{ rollouts: Rollout[] }>("/app/rollouts")).rollouts;

export const readRollout = (id: string): Promise<RolloutChanges> =>
  askJson<RolloutChanges>(`/app/rollouts/${encodeURIComponent(id)}`);

export const rollBack = (id: string): Promise<Rollout> =>
  askJson<Rollout>(`/app/rollouts/${encodeURIComponent(id)}/rollback`, { method: "POST" });

export const startRollout = (): Promise<Rollout> => askJson<Rollout>("/app/rollouts", { method: "POST" });

/** Nobody waits for it any longer; what it has applied stays. */
export const cancelRollout = (id: string): Promise<Response> =>
  ask(`/app/rollouts/${encodeURIComponent(id)}/cancel`, { method: "POST" });

export const readDrift = (): Promise<Drift> => askJson<Drift>("/app/drift");

/** Takes the application out of the cluster; its data only where that is said. */
export const removeApp = (withData: boolean): Promise<Response> =>
  ask(`/app${withData ? "?data=delete" : ""}`, { method: "DELETE" });
