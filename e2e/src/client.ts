/** The HTTP API as one user, the workspace's life, Deploy, and applications by their host name. */
import { request } from "node:http";
import { eventually } from "./eventually.ts";
import { type Account, maru } from "./instance.ts";

export interface Step {
  name: string;
  state: string;
  detail?: string;
  diagnostics?: unknown[];
}

export interface Deployment {
  id: string;
  state: string;
  steps: Step[];
  url: string | null;
}

export const isOver = ({ state }: Deployment): boolean => state !== "running" && state !== "queued";

export interface Ask {
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
}

export class Client {
  constructor(
    readonly account: Account,
    readonly url = maru.url,
  ) {}

  ask(method: string, path: string, { json, body, headers = {} }: Ask = {}): Promise<Response> {
    const init: RequestInit = {
      method,
      headers: { Authorization: `Bearer ${this.account.token}`, ...headers },
      redirect: "manual",
    };
    if (json !== undefined) {
      init.body = JSON.stringify(json);
      init.headers = { "Content-Type": "application/json", ...init.headers };
    } else if (body !== undefined) {
      init.body = body;
    }
    return fetch(this.url + path, init);
  }

  async status(method: string, path: string, ask: Ask = {}): Promise<number> {
    const response = await this.ask(method, path, ask);
    await response.body?.cancel();
    return response.status;
  }

  /** The answer's JSON; throws for all but 2xx. */
  async json<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
    const response = await this.ask(method, path, ask);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async workspaceReady(): Promise<void> {
    await eventually(`the workspace of ${this.account.login} is ready`, 90, async () => {
      const { state, cause } = await this.json<{ state: string; cause?: string }>("PUT", "/api/v1/workspace");
      if (state === "failed") throw new Error(cause);
      return state === "ready";
    });
  }

  /** Empties the starter project, so that a Deploy comes to the manifests at once. */
  async nothingToBuild(): Promise<void> {
    for (const folder of ["api", "db", "web", "k8s"])
      await this.status("DELETE", `/api/v1/workspace/files/guestbook/${folder}`);
    for (const repository of ["guestbook-api", "guestbook-db", "guestbook-web"])
      await this.status("DELETE", `/api/v1/repositories/${repository}`);
  }

  /** Deploys and waits for the end, whatever that is; for so many seconds. */
  async deploy(message: string, patience = 300): Promise<Deployment> {
    const { id } = await this.json<{ id: string }>("POST", "/api/v1/deployments", { json: { message } });
    return eventually(`the deployment ${id} has ended`, patience, async () => {
      const deployment = await this.json<Deployment>("GET", `/api/v1/deployments/${id}`);
      return isOver(deployment) && deployment;
    });
  }
}

/**
 * A request to an application. Every name below `localhost` is this machine, as browsers know and this
 * machine's resolver may not: the address is fixed and the name goes into Host.
 */
export function app(
  url: string,
  method = "GET",
  json?: unknown,
  more: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const { host, port, pathname, search } = new URL(url);
  const body = json === undefined ? undefined : JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { Host: host, ...more };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const options = { host: "127.0.0.1", port, path: pathname + search, method, headers, agent: false };
    const sent = request({ ...options, timeout: 15_000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece) => {
        text += piece;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
      answer.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`${method} ${url}: no answer`)));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Messages of the guestbook at `url`. */
export async function entries(url: string): Promise<string[]> {
  const { status, body } = await app(new URL("/api/entries", url).href);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return (JSON.parse(body).entries as { message: string }[]).map(({ message }) => message);
}
