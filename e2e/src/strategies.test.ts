/** Canary and blue/green on the real cluster: two versions side by side, shares that hold, and nobody who gets no answer. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openIde } from "./browser.ts";
import { app, Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent, type Student } from "./instance.ts";
import { run } from "./terminal.ts";

const ROLLOUTS = "/api/v1/app/rollouts";
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

interface Paused {
  reason: string;
  step: number | null;
  steps: number | null;
  weight: number | null;
  message: string;
}

interface Rollout {
  id: string;
  state: string;
  detail: string;
  paused: Paused | null;
  diagnostics: { code: string; message: string }[];
}

interface AppState {
  current: { id: string; state: string; paused: Paused | null };
  objects: { kind: string; name: string; health: string; message: string; strategy: Strategy | null }[];
  pods: { owner: string; role: string | null; ready: boolean; phase: string }[];
}

interface Strategy {
  kind: string;
  weight: number | null;
  aborted: boolean;
  services: { active: string | null; preview: string | null };
}

const service = (name: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
});

const ingress = (name: string, host: string, to: string) => ({
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

const rollout = (version: string, strategy: unknown) => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Rollout",
  metadata: { name: "web" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    strategy,
    template: {
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
          },
        ],
      },
    },
  },
});

/** JSON is YAML. */
const yaml = (objects: unknown[]): string =>
  objects.map((object) => JSON.stringify(object, null, 2)).join("\n---\n");

/** A student whose application is `rollouts/` of their project, rolled out as one does it by hand. */
class Team {
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

  /** Pushes these objects and rolls them out; the answer is the rollout once it has ended or stands still. */
  async roll(objects: unknown[]): Promise<Rollout> {
    mkdirSync(join(this.folder, "rollouts"), { recursive: true });
    writeFileSync(join(this.folder, "rollouts", "app.yaml"), yaml(objects));
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", "another version");
    this.git("push", "--quiet", "origin", "HEAD:main");
    const target = await this.client.json<{ state: string; diagnostics: unknown }>(
      "POST",
      "/api/v1/app/refresh",
    );
    expect(target.state, JSON.stringify(target.diagnostics)).toBe("ready");
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

/** Asks all the time, two at once, until it is told to stop, and notes what was no good answer. */
function visitors(url: string): () => Promise<{ asked: number; failed: string[] }> {
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
  const all = [visit(), visit()];
  return async () => {
    stopped = true;
    await Promise.all(all);
    return { asked, failed };
  };
}

describe("canary", () => {
  const team = new Team("canary");
  const stranger = new Client(newStudent("stranger"));
  const steps = [{ setWeight: 50 }, { pause: {} }];
  const version = (name: string) => [
    rollout(name, {
      canary: {
        stableService: "web",
        canaryService: "web-canary",
        trafficRouting: { nginx: { stableIngress: "web" } },
        steps,
      },
    }),
    service("web"),
    service("web-canary"),
    ingress("web", team.host, "web"),
  ];
  let stop: () => Promise<{ asked: number; failed: string[] }>;

  beforeAll(() => team.begin());
  afterAll(() => team.remove());

  test("the first version goes to everybody at once, and there is nothing to promote or abort", async () => {
    const first = await team.roll(version("v1"));
    expect(first.state, JSON.stringify(first)).toBe("healthy");
    await team.onlyAnswers("v1");
    stop = visitors(team.url());
    for (const order of ["promote", "abort"]) {
      const answer = await team.client.ask("POST", `${ROLLOUTS}/${first.id}/${order}`);
      expect(answer.status).toBe(409);
      expect(answer.headers.get("Content-Type")).toContain("application/problem+json");
      expect(await answer.json()).toMatchObject({ code: "nothing_waits", fix: expect.any(String) });
    }
  });

  test("the second stands still at half of the requests until it is promoted", async () => {
    const second = await team.roll(version("v2"));
    expect(second.state, JSON.stringify(second)).toBe("wait");
    expect(second.paused).toMatchObject({ reason: "CanaryPauseStep", step: 2, steps: 2, weight: 50 });
    const now = await team.state();
    expect(now.current).toMatchObject({ state: "progressing", paused: { weight: 50 } });
    const roles = now.pods.filter(({ owner }) => owner === "web").map(({ role }) => role);
    expect(roles.sort()).toEqual(["canary", "stable"]);

    // Four standard deviations of 400 throws of a coin, 10 each.
    const { v1 = 0, v2 = 0, ...others } = await team.shares(400);
    expect(others).toEqual({});
    expect(v1 + v2).toBe(400);
    expect(Math.abs(v2 - 200), `${v2} of 400`).toBeLessThanOrEqual(40);

    expect(await stranger.status("POST", `${ROLLOUTS}/${second.id}/promote`)).toBe(404);
    expect(await team.client.status("POST", `${ROLLOUTS}/${second.id}/promote`)).toBe(202);
    const ended = await team.ended(second.id);
    expect(ended.state, JSON.stringify(ended)).toBe("healthy");
    await team.onlyAnswers("v2");
  });

  test("a third that is aborted leaves everybody with the second, and says so", async () => {
    const third = await team.roll(version("v3"));
    expect(third.paused, JSON.stringify(third)).not.toBeNull();
    expect((await team.shares(20)).v3).toBeGreaterThan(0);
    expect(await team.client.status("POST", `${ROLLOUTS}/${third.id}/abort`)).toBe(202);
    const ended = await team.ended(third.id);
    expect(ended.state, JSON.stringify(ended)).toBe("cancelled");
    expect(ended.diagnostics.map(({ code }) => code)).toEqual(["rollout_aborted"]);
    await team.onlyAnswers("v2");
    expect(await team.strategy()).toMatchObject({ aborted: true, weight: 0 });
    const { objects } = await team.state();
    expect(objects.find(({ kind }) => kind === "Rollout")?.message).toContain("aborted");
  });

  test("nobody went without an answer", async () => {
    const { asked, failed } = await stop();
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(400);
  });
});

describe("blue/green", () => {
  const team = new Team("green");
  const preview = `preview-${team.host}`;
  const version = (name: string) => [
    rollout(name, {
      blueGreen: { activeService: "web", previewService: "web-preview", autoPromotionEnabled: false },
    }),
    service("web"),
    service("web-preview"),
    ingress("web", team.host, "web"),
    ingress("web-preview", preview, "web-preview"),
  ];

  beforeAll(() => team.begin());
  afterAll(() => team.remove());

  test("the new version is at the preview's address alone, until it is promoted", async () => {
    const first = await team.roll(version("v1"));
    expect(first.state, JSON.stringify(first)).toBe("healthy");
    await team.onlyAnswers("v1");
    const stop = visitors(team.url());

    const second = await team.roll(version("v2"));
    expect(second.paused, JSON.stringify(second)).toMatchObject({ reason: "BlueGreenPause", weight: 0 });
    expect(await team.shares(40)).toEqual({ v1: 40 });
    await team.onlyAnswers("v2", preview);
    expect((await team.strategy())?.services).toMatchObject({ active: "web", preview: "web-preview" });
    const roles = (await team.state()).pods.map(({ role }) => role);
    expect(roles.sort()).toEqual(["active", "preview"]);

    expect(await team.client.status("POST", `${ROLLOUTS}/${second.id}/promote`)).toBe(202);
    expect((await team.ended(second.id)).state).toBe("healthy");
    await team.onlyAnswers("v2");
    expect((await stop()).failed).toEqual([]);
  });

  test("a version that waits gives way to the next one, which the page promotes", async () => {
    const third = await team.roll(version("v3"));
    expect(third.paused).not.toBeNull();
    const fourth = await team.roll(version("v4"));
    expect(fourth.paused, JSON.stringify(fourth)).not.toBeNull();
    expect((await team.read(third.id)).state).toBe("cancelled");
    await team.onlyAnswers("v4", preview);
    const browser = await launch();
    try {
      const page = await openIde(browser, team.account);
      const card = page.getByTestId("strategy");
      await card.getByText("Blue/Green").waitFor();
      await card.getByText("0 % of the requests get the new version").waitFor();
      await card.getByText("preview: 1 of 1 ready").waitFor();
      await page.getByTestId("strategy-full").click();
      await page.getByRole("dialog").getByRole("button", { name: "Promote fully" }).click();
      await card.getByText("Everybody gets one version").waitFor();
    } finally {
      await browser.close();
    }
    expect((await team.ended(fourth.id)).state).toBe("healthy");
    await team.onlyAnswers("v4");
  });

  test("Deploy ends where only a person can go on, and says so", async () => {
    expect(await run(team.client, "cd ~/guestbook && git pull --quiet")).toContain("ended with 0");
    const file = "/api/v1/workspace/files/guestbook/rollouts/app.yaml";
    expect(await team.client.status("PUT", file, { body: yaml(version("v5")) })).toBeLessThan(300);
    const deployment = await team.client.deploy("the fifth");
    expect(deployment.state, JSON.stringify(deployment.steps)).toBe("succeeded");
    expect(deployment.steps.at(-1)?.detail).toContain("promote or abort");
    const { current } = await team.state();
    expect(current.paused?.reason).toBe("BlueGreenPause");
    await team.onlyAnswers("v5", preview);
    expect(await team.client.status("POST", `${ROLLOUTS}/${current.id}/abort`)).toBe(202);
    expect((await team.ended(current.id)).state).toBe("cancelled");
    await team.onlyAnswers("v4");
  });
});
