/** What a Deploy says before it does anything: the plan, and manifests that are checked before images are built. */
import { beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const student = new Client(newStudent("plan"));
const FILES = "/api/v1/workspace/files/guestbook";

interface Finding {
  severity: string;
  code: string;
  message: string;
  file: string;
  line: number;
  fix?: string;
}

interface Plan {
  ok: boolean;
  compared: boolean;
  commit: { from_workspace: boolean; branch: string; files: { path: string; change: string }[] };
  images: { repository: string; build: boolean; why: string; changed: string[] }[];
  objects: {
    kind: string;
    name: string;
    change: string;
    file: string | null;
    line: number | null;
    replaces_pods: boolean;
    fields: { path: string; before: string | null; after: string | null }[];
  }[];
  diagnostics: Finding[];
  parity: Finding[];
}

const plan = (): Promise<Plan> => student.json<Plan>("GET", "/api/v1/deployments/plan");
const read = async (path: string): Promise<string> => (await student.ask("GET", `${FILES}/${path}`)).text();

async function write(path: string, text: string): Promise<void> {
  expect(await student.status("PUT", `${FILES}/${path}`, { body: text })).toBeLessThan(300);
}

/** Changes a file by one replacement, which must be there. */
async function change(path: string, from: string, to: string): Promise<void> {
  const text = await read(path);
  expect(text).toContain(from);
  await write(path, text.replace(from, to));
}

beforeAll(() => student.workspaceReady());

test("before the first Deploy everything is new, and nothing is in the way", async () => {
  const first = await plan();
  expect(first).toMatchObject({ ok: true, compared: true });
  expect(first.commit).toMatchObject({ from_workspace: true, branch: "main", files: [] });
  expect(first.images.map(({ repository, build, why }) => [repository, build, why]).sort()).toEqual([
    ["guestbook-api", true, "first"],
    ["guestbook-db", true, "first"],
    ["guestbook-web", true, "first"],
  ]);
  expect(first.objects.length).toBeGreaterThan(5);
  expect(new Set(first.objects.map(({ change }) => change))).toEqual(new Set(["add"]));
  const web = first.objects.find(({ kind, name }) => kind === "Deployment" && name === "guestbook-web");
  expect(web).toMatchObject({ file: "k8s/web.yaml", line: expect.any(Number) });
  expect(first.parity.filter(({ severity }) => severity !== "info")).toEqual([]);
});

test("a mistake in the manifests ends the Deploy before anything is built", async () => {
  const good = await read("k8s/web.yaml");
  await write("k8s/web.yaml", good.replace("containers:", "contianers:"));
  const broken = await plan();
  expect(broken.ok).toBe(false);
  expect(broken.diagnostics.find(({ severity }) => severity === "error")).toMatchObject({
    file: "k8s/web.yaml",
  });

  const { state, steps } = await student.deploy("a mistake");
  expect(state).toBe("failed");
  const states = steps.map((step) => `${step.name} ${step.state}`);
  expect(states).toEqual(["commit succeeded", "build skipped", "refresh failed", "rollout pending"]);
  const found = steps[2]?.diagnostics as Finding[];
  expect(found.find(({ severity }) => severity === "error")).toMatchObject({
    file: "k8s/web.yaml",
    line: good.slice(0, good.indexOf("containers:")).split("\n").length,
    fix: expect.stringContaining("containers"),
  });
  const { versions } = await student.json<{ versions: unknown[] }>(
    "GET",
    "/api/v1/repositories/guestbook-web/versions",
  );
  expect(versions).toEqual([]);
  const app = await student.json<{ target: { state: string } }>("GET", "/api/v1/app");
  expect(app.target.state).toBe("failed");
  await write("k8s/web.yaml", good);
});

test("once it runs, the plan names what would change and why", async () => {
  expect((await student.deploy("first")).state).toBe("succeeded");
  const still = await plan();
  expect(still.commit.files).toEqual([]);
  expect(still.images.every(({ build }) => !build)).toBe(true);
  const changing = still.objects.filter(({ change }) => change !== "same");
  expect(changing).toEqual([]);

  await change("web/index.html", "<title>", "<title>Plan: ");
  await change("k8s/api.yaml", "replicas: 1", "replicas: 2");
  const next = await plan();
  expect(next.commit.files).toEqual([
    { path: "k8s/api.yaml", change: "changed" },
    { path: "web/index.html", change: "changed" },
  ]);
  const built = next.images.filter(({ build }) => build);
  expect(built).toMatchObject([{ repository: "guestbook-web", why: "changed", changed: ["web/index.html"] }]);
  const object = (name: string) => next.objects.find((one) => one.kind === "Deployment" && one.name === name);
  expect(object("guestbook-api")).toMatchObject({
    change: "change",
    replaces_pods: false,
    fields: [{ path: "spec.replicas", before: "1", after: "2" }],
  });
  const web = object("guestbook-web");
  expect(web).toMatchObject({ change: "change", replaces_pods: true });
  expect(web?.fields.map(({ path }) => path)).toEqual(["spec.template.spec.containers[web].image"]);
  // It was a look: nothing is staged, committed or running.
  expect((await plan()).commit.files).toEqual(next.commit.files);
  await change("k8s/api.yaml", "replicas: 2", "replicas: 1");
});

test("what works in the workspace alone is named with its line and its fix", async () => {
  await change("api/app.py", 'ThreadingHTTPServer(("", 8080)', 'ThreadingHTTPServer(("127.0.0.1", 8080)');
  await change("api/app.py", "import psycopg\n", "import psycopg\nimport requests\n");
  await write("api/.env", "TOKEN=x\n");
  const { parity } = await plan();
  const found = parity.map(({ code, file }) => `${code} ${file}`);
  expect(found).toContain("listens_on_loopback api/app.py");
  expect(found).toContain("dependency_missing api/app.py");
  expect(found).toContain("secret_in_git api/.env");
  const korean = await student.json<Plan>("GET", "/api/v1/deployments/plan", {
    headers: { "Accept-Language": "ko" },
  });
  const loopback = korean.parity.find(({ code }) => code === "listens_on_loopback");
  expect(loopback?.fix).toContain("0.0.0.0");
  expect(loopback?.message).toMatch(/[가-힣]/);
});
