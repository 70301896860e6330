/**
 * The main job on a cluster that is not Maru's own, used by its kubeconfig. The cluster is another Maru's node whose server has
 * ended: nobody looks after it any more, and what Maru had put into it is removed before. Applications and previews have names of
 * the school's own there.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { app, Client, entries } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, newStudent, type Student } from "./instance.ts";
import { freePort, Server } from "./server.ts";
import { createTerminal } from "./terminal.ts";

const theirs = new Server();
const ours = new Server();
let settings: Record<string, string>;
let account: Student;
let student: Client;

const APPS = "maru-apps.test";
const PREVIEWS = "maru-previews.test";
const PKI = "/etc/maru/pki";
const read = (path: string) => docker("exec", theirs.name("node"), "cat", path);

/** As that cluster's administrator. */
function kubectl(...args: string[]): string {
  const files = ["--certificate-authority", `${PKI}/ca.crt`, "--client-certificate", `${PKI}/admin.crt`];
  const access = ["--server", `https://${address()}:6443`, ...files, "--client-key", `${PKI}/admin.key`];
  return docker("exec", theirs.name("node"), "kubectl", ...access, ...args);
}

const networks = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}}{{end}}";
const address = () => docker("inspect", "--format", networks, theirs.name("node")).split(" ")[0];
const host = () => docker("inspect", "--format", networks, theirs.name("node")).split(" ")[1];

function kubeconfig(): string {
  const data = (name: string) => Buffer.from(`${read(`${PKI}/${name}`)}\n`).toString("base64");
  const cluster = { server: `https://${address()}:6443`, "certificate-authority-data": data("ca.crt") };
  const user = { "client-certificate-data": data("admin.crt"), "client-key-data": data("admin.key") };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "school", cluster }],
    users: [{ name: "operator", user }],
    contexts: [{ name: "school", context: { cluster: "school", user: "operator" } }],
    "current-context": "school",
  });
}

beforeAll(async () => {
  await theirs.start();
  await eventually("somebody's cluster is ready", 180, async () => {
    try {
      return kubectl("get", "deployments", "--namespace", "maru-system", "--output", "name").includes(
        "maru-gateway",
      );
    } catch {
      return false;
    }
  });
  await theirs.stop();
  kubectl("delete", "namespace", "maru-system");
  kubectl("delete", "clusterrole", "maru:student", "maru:gateway");

  // As docs/another-cluster.md tells the cluster's operator.
  const registry = `${host()}:${await freePort()}`;
  const mirror = `server = "http://${registry}"\n[host."http://${registry}"]\n  capabilities = ["pull", "resolve"]\n`;
  const folder = "/etc/containerd/certs.d/registry.localhost";
  const write = `mkdir -p ${folder} && cat > ${folder}/hosts.toml`;
  execFileSync("docker", ["exec", "--interactive", theirs.name("node"), "sh", "-c", write], {
    input: mirror,
  });

  const config = join(ours.data, "school.kubeconfig");
  writeFileSync(config, kubeconfig(), { mode: 0o600 });
  const names = { MARU_APPS_DOMAIN: APPS, MARU_PREVIEW_DOMAIN: PREVIEWS };
  settings = { MARU_CLUSTER: config, MARU_REGISTRY: registry, ...names };
  await ours.start(settings);
  account = newStudent("guest", ours.data);
  student = new Client(account, ours.url);
  await student.workspaceReady();
});

afterAll(async () => {
  await ours.sweep();
  await theirs.sweep();
});

test("no cluster of its own is made", () => {
  const all = docker(
    "ps",
    "--all",
    "--format",
    "{{.Names}}",
    "--filter",
    `label=maru.instance=${ours.instance}`,
  );
  expect(all.split("\n")).toContain(ours.name("registry"));
  expect(all).not.toContain(ours.name("node"));
});

test("Deploy ends in an application at an address of the school's", async () => {
  const deployment = await student.deploy("On somebody's cluster");
  expect(deployment.state, JSON.stringify(deployment.steps, null, 2)).toBe("succeeded");
  const url = deployment.url ?? "";
  expect(url.startsWith(`http://${account.login}.${APPS}:`)).toBe(true);
  await eventually("the gateway there serves it", 60, async () => (await app(url)).body.includes("greeting"));
  const message = `entry ${Date.now()}`;
  const posted = await app(new URL("/api/entries", url).href, "POST", { author: "guest", message });
  expect(posted.status, posted.body).toBe(201);
  kubectl("delete", "pod", "guestbook-db-0", "--namespace", account.namespace);
  await eventually("the entry is there again", 90, async () => (await entries(url)).includes(message));
});

test("a preview has a name of the school's too, and the default one leads nowhere", async () => {
  const serve = "cd $(mktemp -d) && echo hello > index.html && exec python3 -m http.server 8000";
  await createTerminal(student, serve);
  const port = await eventually("port 8000 is listed", 20, async () => {
    const ports = await student.json<{ port: number; url: string }[]>("GET", "/api/v1/workspace/ports");
    return ports.find((one) => one.port === 8000);
  });
  expect(port?.url).toContain(`//8000--${account.login}.${PREVIEWS}:`);
  const at = (domain: string) => `http://8000--${account.login}.${domain}:${new URL(ours.url).port}/`;
  const mine = { Authorization: `Bearer ${account.token}` };
  expect((await app(at(PREVIEWS), "GET", undefined, mine)).body.trim()).toBe("hello");
  expect((await app(at(PREVIEWS))).status).not.toBe(200);
  expect((await app(at("preview.localhost"), "GET", undefined, mine)).status).toBe(421);
});

test("kubectl in the workspace speaks to that cluster, in the own namespace alone", async () => {
  const pods = (namespace: string) => student.status("GET", `/k8s/api/v1/namespaces/${namespace}/pods`);
  expect(await pods(account.namespace)).toBe(200);
  expect(await pods("kube-system")).toBe(403);
});

test("a server that starts while that cluster is away waits for it, and says so", async () => {
  await ours.stop();
  docker("pause", theirs.name("node"));
  try {
    await ours.start(settings);
    const answer = await app(`http://${account.login}.${APPS}:${new URL(ours.url).port}/`);
    expect(answer.status).toBe(503);
    expect(answer.body).toContain("cluster");
  } finally {
    docker("unpause", theirs.name("node"));
  }
  const url = `http://${account.login}.${APPS}:${new URL(ours.url).port}/`;
  await eventually("the application answers again", 120, async () => (await app(url)).status === 200);
});
