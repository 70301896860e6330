/** A student whose application is rolled out version by version, as one does it by hand; and visitors who ask all the while. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { app, Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent, type Student } from "./instance.ts";

export const ROLLOUTS = "/api/v1/app/rollouts";
/** What runs in the pods: it does not know SIGTERM, so it goes on until its time is over. */
const PROGRAM = [
  "import os",
  "from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer",
  "class Handler(BaseHTTPRequestHandler):",
  "    def do_GET(self):",
  "        self.send_response(200)",
  "        self.end_headers()",
  "        self.wfile.write(os.environ['VERSION'].encode())",
  "    def log_message(self, *said): pass",
  "ThreadingHTTPServer(('', 8000), Handler).serve_forever()",
].join("\n");

export interface Paused {
  reason: string;
  step: number | null;
  steps: number | null;
  weight: number | null;
  message: string;
}

export interface Target {
  state: string;
  diagnostics: {
    severity: string;
    code: string;
    message: string;
    file: string | null;
    line: number | null;
    fix?: string | null;
  }[];
}

export interface Rollout {
  id: string;
  state: string;
  detail: string;
  paused: Paused | null;
  diagnostics: { code: string; message: string }[];
}

export interface AppState {
  current: { id: string; state: string; paused: Paused | null };
  objects: { kind: string; name: string; health: string; message: string; strategy: Strategy | null }[];
  pods: { name: string; owner: string; role: string | null; ready: boolean; phase: string }[];
}

export interface Strategy {
  kind: string;
  weight: number | null;
  aborted: boolean;
  services: { active: string | null; preview: string | null };
}

export const service = (name: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
});

export const ingress = (name: string, host: string, to: string) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name },
  spec: {
    rules: [
      {
        host,
        http: {
          paths: [
            {
              path: "/",
              pathType: "Prefix",
              backend: { service: { name: to, port: { name: "http" } } },
            },
          ],
        },
      },
    ],
  },
});

/** Pods that answer every request with their version. */
const template = (version: string, more: object = {}) => ({
  metadata: { labels: { app: "web" } },
  spec: {
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: "web",
        image: "registry.localhost/base/python:3",
        command: ["python3", "-u", "-c", PROGRAM],
        env: [{ name: "VERSION", value: version }],
        ports: [{ name: "http", containerPort: 8000 }],
        readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
        resources: { requests: { cpu: "10m", memory: "24Mi" }, limits: { memory: "96Mi" } },
        ...more,
      },
    ],
  },
});

const selector = { matchLabels: { app: "web" } };

export const rollout = (version: string, strategy: unknown) => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Rollout",
  metadata: { name: "web" },
  spec: { replicas: 1, selector, strategy, template: template(version) },
});

/** `more` is put into its container; without `replicas` an autoscaler says how many. */
export const deployment = (version: string, replicas?: number, more: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { ...(replicas === undefined ? {} : { replicas }), selector, template: template(version, more) },
});

/** Of the Deployment: as many pods as keep their processors as busy as `percent` says of what they ask for. */
export const autoscaler = (minReplicas: number, percent: number, more: object = {}) => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web" },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    minReplicas,
    maxReplicas: 3,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: percent } },
      },
    ],
    ...more,
  },
});

/** JSON is YAML. */
export const yaml = (objects: unknown[]): string =>
  objects.map((object) => JSON.stringify(object, null, 2)).join("\n---\n");

/** A student whose application is `rollouts/` of their project, rolled out as one does it by hand. */
export class Team {
  readonly account: Student;
  readonly client: Client;
  readonly host: string;
  private readonly folder = mkdtempSync(join(tmpdir(), "maru-strategies-"));

  constructor(name: string) {
    this.account = newStudent(name);
    this.client = new Client(this.account);
    this.host = `${this.account.login}.apps.localhost`;
  }

  url(host = this.host): string {
    return `http://${host}:${new URL(maru.url).port}/`;
  }

  private git(...args: string[]): void {
    const who = ["-c", "user.name=e2e", "-c", "user.email=e2e@example.org"];
    execFileSync("git", [...who, ...args], { cwd: this.folder, stdio: "pipe" });
  }

  async begin(): Promise<void> {
    await this.client.workspaceReady();
    const url = new URL(`/git/${this.account.login}/guestbook.git`, maru.url);
    url.username = this.account.login;
    url.password = this.account.token;
    this.git("clone", "--quiet", url.href, ".");
    await this.client.json("PUT", "/api/v1/app", {
      json: { source: { project: "guestbook" }, path: "rollouts" },
    });
  }

  /** Pushes these objects to main; the answer is their commit. */
  push(objects: unknown[]): string {
    mkdirSync(join(this.folder, "rollouts"), { recursive: true });
    writeFileSync(join(this.folder, "rollouts", "app.yaml"), yaml(objects));
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", "another version");
    this.git("push", "--quiet", "origin", "HEAD:main");
    return execFileSync("git", ["rev-parse", "HEAD"], { cwd: this.folder, encoding: "utf8" }).trim();
  }

  /** Pushes these objects, and refreshes the target state from git. */
  async refresh(objects: unknown[]): Promise<Target> {
    this.push(objects);
    return this.client.json("POST", "/api/v1/app/refresh");
  }

  /** Pushes these objects and rolls them out; the answer is the rollout once it has ended or stands still. */
  async roll(objects: unknown[]): Promise<Rollout> {
    const target = await this.refresh(objects);
    expect(target.state, JSON.stringify(target.diagnostics)).toBe("ready");
    return this.start();
  }

  /** Rolls out the target state as it is. */
  async start(): Promise<Rollout> {
    const { id } = await this.client.json<Rollout>("POST", ROLLOUTS);
    return this.atRest(id);
  }

  read = (id: string): Promise<Rollout> => this.client.json("GET", `${ROLLOUTS}/${id}`);

  atRest(id: string): Promise<Rollout> {
    return eventually(`the rollout ${id} has ended or stands still`, 150, async () => {
      const now = await this.read(id);
      return (now.paused !== null || ["healthy", "failed", "cancelled"].includes(now.state)) && now;
    });
  }

  ended(id: string): Promise<Rollout> {
    return eventually(`the rollout ${id} has ended`, 150, async () => {
      const now = await this.read(id);
      return ["healthy", "failed", "cancelled"].includes(now.state) && now;
    });
  }

  state = (): Promise<AppState> => this.client.json("GET", "/api/v1/app");

  async strategy(): Promise<Strategy | undefined> {
    const { objects } = await this.state();
    return objects.find(({ kind }) => kind === "Rollout")?.strategy ?? undefined;
  }

  /** How many of so many requests each version answers. */
  async shares(requests: number, host = this.host): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (let at = 0; at < requests; at += 10) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => app(this.url(host))));
      for (const { status, body } of answers) {
        const key = status === 200 ? body : String(status);
        found[key] = (found[key] ?? 0) + 1;
      }
    }
    return found;
  }

  onlyAnswers(version: string, host = this.host): Promise<true> {
    return eventually(`${host} answers ${version} alone`, 60, async () => {
      const found = await this.shares(20, host);
      return Object.keys(found).join() === version;
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Asks all the time, so many at once, until it is told to stop, and notes what was no good answer. */
export function visitors(url: string, atOnce = 2): () => Promise<{ asked: number; failed: string[] }> {
  let stopped = false;
  let asked = 0;
  const failed: string[] = [];
  const visit = async (): Promise<void> => {
    while (!stopped) {
      asked += 1;
      try {
        const { status, body } = await app(url);
        if (status !== 200) failed.push(`${status} ${body.slice(0, 200)}`);
      } catch (error) {
        failed.push(String(error));
      }
    }
  };
  const all = Array.from({ length: atOnce }, visit);
  return async () => {
    stopped = true;
    await Promise.all(all);
    return { asked, failed };
  };
}
