/** The bench's own student, whose things are removed before and after. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { Client } from "../../e2e/src/client.ts";
import { command, docker, instanceId, maru } from "../../e2e/src/instance.ts";
import { events } from "./lines.ts";

const LOGIN = "bench";
export const container = `maru-${instanceId}-ws-${LOGIN}`;
export const namespace = `u-${LOGIN}`;

let client: Client | undefined;

/** One account for all runs: it stays, with nothing that is its own. */
export function student(): Client {
  if (!client) {
    const password = randomBytes(12).toString("base64url");
    try {
      command(password, "user", "add", LOGIN, "--role", "student", "--password-stdin");
    } catch (error) {
      if (!/exists/.test(String((error as { stderr?: unknown }).stderr))) throw error;
    }
    const token = command("", "token", "create", LOGIN, "--expires", "1d");
    client = new Client({ login: LOGIN, password, token });
  }
  return client;
}

interface View {
  state: string;
  phase?: string;
  cause?: string;
}

/** Waits for a state of the workspace, told by the server's events; what was passed on the way, and when. */
export async function reaches(state: string, since = performance.now()): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  const views = events<View>(await student().ask("GET", "/api/v1/workspace/events"));
  for await (const view of views) {
    seen[view.phase ?? view.state] ??= performance.now() - since;
    if (view.state === state) return seen;
    if (view.state === "failed") throw new Error(view.cause);
  }
  throw new Error("the events ended");
}

export async function start(): Promise<Record<string, number>> {
  const began = performance.now();
  await student().json("PUT", "/api/v1/workspace");
  const asked = performance.now() - began;
  return { asked, ...(await reaches("ready", began)) };
}

export async function stop(): Promise<void> {
  await student().json("POST", "/api/v1/workspace/stop");
  await reaches("stopped");
}

/** Stops the workspace and removes its container, home and project: the next start is a first one. */
export async function removeWorkspace(): Promise<void> {
  await stop();
  if (docker("ps", "--all", "--quiet", "--filter", `name=^/${container}$`))
    docker("rm", "--force", "--volumes", container);
  docker("volume", "rm", "--force", `maru-${instanceId}-home-${LOGIN}`);
  rmSync(`${maru.data}/projects/${LOGIN}`, { recursive: true, force: true });
}

/** Removes what the benches made: application and its data, workspace, home, project. The account stays. */
export async function cleanUp(): Promise<void> {
  if (!client) return;
  await client.status("DELETE", "/api/v1/app");
  await client.status("DELETE", `/k8s/api/v1/namespaces/${namespace}/persistentvolumeclaims`);
  await removeWorkspace();
}
