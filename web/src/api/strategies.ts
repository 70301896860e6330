import { ask } from "./http";

/** On to the next step; `full`: to the end. */
export const promote = (rollout: string, full: boolean): Promise<Response> =>
  ask(`/app/rollouts/${encodeURIComponent(rollout)}/promote`, { method: "POST", json: { full } });

/** Back to the version before. */
export const abort = (rollout: string): Promise<Response> =>
  ask(`/app/rollouts/${encodeURIComponent(rollout)}/abort`, { method: "POST" });
