import { API, ApiError, ask, askJson, randomId } from "./http";
import type { App, Deployment } from "./types";

/** Starts a Deploy, or finds the one already running: its id either way. */
export async function startDeployment(): Promise<string> {
  try {
    const { id } = await askJson<{ id: string }>("/deployments", {
      method: "POST",
      headers: { "Idempotency-Key": randomId() },
      json: {},
    });
    return id;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409 && typeof error.problem.id === "string") {
      return error.problem.id;
    }
    throw error;
  }
}

/** The newest one of this user; null before the first. */
export const latestDeployment = async (): Promise<Deployment | null> =>
  (await askJson<{ deployments: Deployment[] }>("/deployments")).deployments[0] ?? null;

export const cancelDeployment = (id: string): Promise<Response> =>
  ask(`/deployments/${encodeURIComponent(id)}/cancel`, { method: "POST" });

/** Null before there is one. */
export async function readApp(): Promise<App | null> {
  const response = await ask("/app", { accept: [404] });
  return response.status === 404 ? null : ((await response.json()) as App);
}

/** Starts what was stopped, or stops what runs. */
export const setAppRuns = (runs: boolean): Promise<Response> =>
  ask(runs ? "/app/start" : "/app/stop", { method: "POST" });

export const buildLogUrl = (id: string): string => `${API}/builds/${encodeURIComponent(id)}/log`;

const LOG_EVERY_MS = 1000;
const GOING_ON = new Set(["queued", "running"]);

/**
 * The build's log as it is written; `onText` gets it in pieces until the build has ended. It is asked for again and again
 * instead of being kept open: over HTTP/1.1 a browser has six connections to a host, and the logs of one Deploy beside
 * the IDE's streams would take all of them, so that no file could be opened or saved meanwhile.
 */
export async function followBuildLog(
  id: string,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const path = `/builds/${encodeURIComponent(id)}`;
  // A character of which half has come waits in it for the other half.
  const decoder = new TextDecoder();
  for (let seen = 0; ; ) {
    const { state } = await askJson<{ state: string }>(path, { signal });
    const bytes = await (await ask(`${path}/log?from=${seen}`, { signal })).arrayBuffer();
    seen += bytes.byteLength;
    const text = decoder.decode(bytes, { stream: true });
    if (text !== "") onText(text);
    if (!GOING_ON.has(state)) return;
    await new Promise((resolve) => setTimeout(resolve, LOG_EVERY_MS));
    signal.throwIfAborted();
  }
}
