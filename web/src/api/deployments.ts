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

export const buildLogUrl = (id: string): string => `${API}/builds/${encodeURIComponent(id)}/log`;

/** The build's log as it is written; `onText` gets it in pieces until the build has ended. */
export async function followBuildLog(
  id: string,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await ask(`/builds/${encodeURIComponent(id)}/log?follow=1`, { signal });
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onText(decoder.decode(value, { stream: true }));
  }
}
