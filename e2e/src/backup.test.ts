/** `maru backup` of the Maru that runs, and `maru restore` into a second one, which is then looked at as its people do. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { command, docker, instanceId, maru, newStudent, root } from "./instance.ts";

const account = newStudent("kept");
const student = new Client(account);
/** Whose workspace stands still meanwhile. */
const sleeper = newStudent("asleep");
const folder = mkdtempSync(join(tmpdir(), "maru-backup-"));
const data = join(folder, "data");
const file = join(folder, "maru.tar.gz");
const FILE = "/api/v1/workspace/files/guestbook/%ED%95%9C%EA%B8%80.txt";
const program = process.env.MARU_PROGRAM ?? `${root}target/release/maru`;
let server: ChildProcess | undefined;
let url = "";
/** What the program in the cluster had counted to before and after the backup. */
let atLeast = 0;
let atMost = 0;
let volume = "";

/** The images that the Maru under test has. */
const serving = JSON.parse(readFileSync(`${maru.data}/serving.json`, "utf8")) as Record<string, string>;
const env = {
  ...process.env,
  MARU_DATA: data,
  MARU_NODE_IMAGE: serving.node_image,
  MARU_WORKSPACE_IMAGE: serving.workspace_image,
  MARU_REGISTRY_IMAGE: serving.registry_image,
  MARU_AGENT: serving.agent,
  MARU_WEB: serving.web,
  MARU_TEMPLATES: `${root}templates`,
};

function restore(from: string, to: string): { code: number; text: string } {
  try {
    const text = execFileSync(program, ["restore", from], {
      encoding: "utf8",
      env: { ...env, MARU_DATA: to },
      stdio: "pipe",
    });
    return { code: 0, text };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: string };
    return { code: status, text: stderr };
  }
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

beforeAll(async () => {
  await student.workspaceReady();
  const written = await student.ask("PUT", FILE, { body: "남아 있어야 합니다\n" });
  expect(written.status).toBe(201);
  await student.json("POST", "/api/v1/workspace/snapshots", { json: { name: "before" } });
  const asleep = new Client(sleeper);
  await asleep.workspaceReady();
  expect(await asleep.status("PUT", FILE, { body: "다른 학생\n" })).toBe(201);
  await asleep.json("POST", "/api/v1/workspace/stop");
  await eventually("it has stopped", 60, async () => {
    const { state } = await asleep.json<{ state: string }>("GET", "/api/v1/workspace");
    return state === "stopped";
  });
});

const NAME = "state";
const namespace = `u-${account.login}`;
const workloads = `/k8s/apis/apps/v1/namespaces/${namespace}/statefulsets`;

/** A program that keeps a number in its volume, and counts it up ten times a second: it is written to while it is copied. */
async function deployState(): Promise<void> {
  const labels = { app: NAME };
  const program =
    "while :; do n=$(($(cat /data/n 2>/dev/null || echo 0) + 1)); echo $n >/data/new; mv /data/new /data/n; sleep 0.1; done";
  const container = {
    name: NAME,
    image: "registry.localhost/base/python:3",
    command: ["sh", "-c", program],
    readinessProbe: { exec: { command: ["test", "-s", "/data/n"] }, periodSeconds: 1 },
    volumeMounts: [{ name: "data", mountPath: "/data" }],
  };
  const claim = {
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "64Mi" } } },
  };
  await student.json("POST", workloads, {
    json: {
      metadata: { name: NAME },
      spec: {
        serviceName: NAME,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 1, containers: [container] },
        },
        volumeClaimTemplates: [claim],
      },
    },
  });
  await stateIsReady((path) => student.ask("GET", path));
  const bound = await student.json<{ spec: { volumeName: string } }>(
    "GET",
    `/k8s/api/v1/namespaces/${namespace}/persistentvolumeclaims/data-${NAME}-0`,
  );
  volume = bound.spec.volumeName;
}

const stateIsReady = (get: (path: string) => Promise<Response>): Promise<true> =>
  eventually("its pod is ready", 120, async () => {
    const answer = await get(`${workloads}/${NAME}`);
    const { status } = (await answer.json()) as { status?: { readyReplicas?: number } };
    return status?.readyReplicas === 1;
  });

/** What it has counted to, in the volume of this instance's node. */
const counted = (instance: string): number =>
  Number(docker("exec", `maru-${instance}-node`, "cat", `/var/lib/maru/volumes/${volume}/n`));

afterAll(async () => {
  server?.kill("SIGTERM");
  await new Promise((resolve) => (server ? server.on("exit", resolve) : resolve(undefined)));
  if (existsSync(data)) execFileSync(`${root}scripts/sweep`, ["--data", data]);
  rmSync(folder, { recursive: true, force: true });
});

test("a backup is taken while the server runs, readable for its owner only, and what runs goes on", async () => {
  await deployState();
  atLeast = counted(instanceId);
  const said = command("", "backup", "--without-images", file);
  expect(said).toContain("homes");
  expect(said).toContain("with the cluster's inside");
  atMost = counted(instanceId);
  await eventually("it counts on", 20, () => counted(instanceId) > atMost);
  expect(await student.status("GET", `${workloads}/${NAME}`)).toBe(200);
  expect(docker("exec", `maru-${instanceId}-node`, "ls", "/var/lib/maru")).not.toContain("backup");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(() => command("", "backup", "--without-images", file)).toThrow(/already/);
});

test("what is cut off or changed is refused before anything is made", () => {
  const damaged = join(folder, "damaged.tar.gz");
  writeFileSync(damaged, readFileSync(file));
  truncateSync(damaged, statSync(file).size - 1000);
  expect(restore(damaged, data)).toMatchObject({ code: 1 });
  expect(existsSync(join(data, "maru.db"))).toBe(false);
  expect(restore(file, maru.data).text).toContain("not empty");
});

test("a restored Maru has its people, files, projects and snapshots", async () => {
  const restored = restore(file, data);
  expect(restored.text).toContain("homes");
  expect(restored.code).toBe(0);
  const port = await freePort();
  url = `http://localhost:${port}`;
  server = spawn(program, ["serve"], {
    env: { ...env, MARU_LISTEN: `127.0.0.1:${port}`, MARU_URL: url },
    stdio: "ignore",
  });
  await eventually("the second server answers", 60, async () => {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    return answer?.status === 200;
  });
  // By password, and by the token of before.
  const login = await fetch(`${url}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login: account.login, password: account.password }),
  });
  expect(login.status).toBe(204);
  const headers = { Authorization: `Bearer ${account.token}` };
  const get = (path: string) => fetch(url + path, { headers });
  const fileOf = async (token: string) => {
    const headers = { Authorization: `Bearer ${token}` };
    await eventually("the restored workspace is ready", 90, async () => {
      const answer = await fetch(`${url}/api/v1/workspace`, { method: "PUT", headers });
      const { state, cause } = (await answer.json()) as { state: string; cause?: string };
      if (state === "failed") throw new Error(cause);
      return state === "ready";
    });
    return (await fetch(url + FILE, { headers })).text();
  };
  expect(await fileOf(account.token)).toBe("남아 있어야 합니다\n");
  expect(await fileOf(sleeper.token)).toBe("다른 학생\n");
  const { snapshots } = (await (await get("/api/v1/workspace/snapshots")).json()) as {
    snapshots: { id: string; name: string | null }[];
  };
  const before = snapshots.find(({ name }) => name === "before");
  expect(before).toBeDefined();
  const inIt = await get(`/api/v1/workspace/snapshots/${before?.id}/files/guestbook/%ED%95%9C%EA%B8%80.txt`);
  expect(await inIt.text()).toBe("남아 있어야 합니다\n");
  // The project, over git.
  const remote = `http://${account.login}:${account.token}@localhost:${port}/git/${account.login}/guestbook.git`;
  expect(execFileSync("git", ["ls-remote", remote, "refs/heads/main"], { encoding: "utf8" })).toContain(
    "refs/heads/main",
  );
  // It owns what it wrote: home belongs to the workspace's user.
  const instance = readFileSync(join(data, "instance"), "utf8").trim();
  const owner = docker(
    "exec",
    `maru-${instance}-ws-${account.login}`,
    "stat",
    "--format",
    "%u:%g",
    "/home/student/guestbook",
  );
  expect(owner).toBe("1000:1000");
});

test("its cluster has the applications as they were, with what was in their volumes", async () => {
  const headers = { Authorization: `Bearer ${account.token}` };
  const get = (path: string) => fetch(url + path, { headers });
  await eventually("the restored cluster answers", 180, async () => {
    const answer = await get(`${workloads}/${NAME}`);
    await answer.body?.cancel();
    return answer.status === 200;
  });
  await stateIsReady(get);
  const instance = readFileSync(join(data, "instance"), "utf8").trim();
  expect(instance).not.toBe(instanceId);
  const now = await eventually("it counts", 30, () => counted(instance) || undefined);
  expect(now).toBeGreaterThanOrEqual(atLeast);
  // Without images in the backup: base images are pushed into the new registry meanwhile, and Kubernetes tries again.
  await eventually("it counts on", 150, () => counted(instance) > now);
});
