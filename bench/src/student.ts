/** The bench's own student, whose things are removed before and after. */
import { randomBytes } from "node:crypto";
import { Client } from "../../e2e/src/client.ts";
import { command, instanceId, maru } from "../../e2e/src/instance.ts";
import { events } from "./lines.ts";

const LOGIN = "bench";
export const container = `maru-${instanceId}-ws-${LOGIN}`;
export const namespace = `u-${LOGIN}`;

let client: Client | undefined;

/** Made when first asked for. */
export function student(): Client {
  if (!client) {
    const password = randomBytes(12).toString("base64url");
    command(password, "user", "add", LOGIN, "--role", "student", "--password-stdin");
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
  const me = student();
  const began = performance.now();
  await me.json("PUT", "/api/v1/workspace");
  const asked = performance.now() - began;
  return { asked, ...(await reaches("ready", began)) };
}

export async function stop(): Promise<void> {
  await student().json("POST", "/api/v1/workspace/stop");
  await reaches("stopped");
}

/** Removes the student with workspace, home, project, application and its data: the next is a new one. */
export async function removeStudent(): Promise<void> {
  const admin = new Client(maru.admin);
  const removed = await admin.ask("DELETE", `/api/v1/admin/users/${LOGIN}?confirm=${LOGIN}`);
  if (!removed.ok && removed.status !== 404) throw new Error(`${removed.status} ${await removed.text()}`);
  client = undefined;
}
