/** What the applications of a class may use: set on its page, told to the namespaces; and how the cluster itself is. */
import { randomBytes } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, logIn, visit } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent } from "./instance.ts";

interface Limits {
  items: {
    metadata: { name: string };
    spec: { hard?: Record<string, string>; limits?: { default: Record<string, string> }[] };
  }[];
}

const admin = new Client(maru.admin);
const account = newStudent("quota");
const student = new Client(account);
const name = `quota ${randomBytes(3).toString("hex")}`;
const MIB = 1_048_576;
let id: string;
let browser: Browser;
let page: Page;

/** As kubectl reads it, in the student's own namespace. */
const read = async (kind: string) =>
  (await student.json<Limits>("GET", `/k8s/api/v1/namespaces/${account.namespace}/${kind}`)).items.find(
    ({ metadata }) => metadata.name === "maru",
  )?.spec;
const hard = async () => (await read("resourcequotas"))?.hard;

beforeAll(async () => {
  ({ id } = await admin.json<{ id: string }>("POST", "/api/v1/admin/classes", { json: { name } }));
  const json = { login: account.login };
  await admin.json("POST", `/api/v1/admin/classes/${id}/members`, { json });
  browser = await launch();
  page = await logIn(browser, maru.admin);
});

afterAll(async () => {
  await browser?.close();
  await admin.status("DELETE", `/api/v1/admin/classes/${id}?confirm=${encodeURIComponent(name)}`);
});

test("at first a namespace has the installation's limits", async () => {
  expect(await hard()).toMatchObject({ "limits.cpu": "8", "limits.memory": "4Gi", pods: "30" });
  expect((await read("limitranges"))?.limits?.[0]?.default).toEqual({ cpu: "1", memory: "512Mi" });
});

test("what an administrator sets on the page of the class reaches the namespaces of its students", async () => {
  await visit(page, `${maru.url}/admin/classes/${id}`);
  const card = page.locator("section", { hasText: "What a student's applications may use" });
  await card.getByLabel("CPU, all pods").fill("1.5");
  await card.getByLabel("Memory, all pods, MiB").fill("1536");
  await card.getByLabel("Pods", { exact: true }).fill("6");
  await card.getByLabel("Memory of a container that names none, MiB").fill("256");
  const reloaded = page.waitForEvent("load");
  await card.getByRole("button", { name: "Save" }).click();
  await reloaded;
  expect(await card.getByLabel("Pods", { exact: true }).inputValue()).toBe("6");
  await eventually("the namespace has them", 30, async () => (await hard())?.pods === "6");
  expect(await hard()).toMatchObject({
    "limits.cpu": "1500m",
    "limits.memory": "1536Mi",
    "requests.storage": "10Gi",
  });
  expect((await read("limitranges"))?.limits?.[0]?.default).toEqual({ cpu: "1", memory: "256Mi" });
  const told = await admin.json<{ quota: object; effective: object }>(
    "GET",
    `/api/v1/admin/classes/${id}/quota`,
  );
  expect(told).toMatchObject({
    quota: { cpu: 1.5, pods: 6, storage: null },
    effective: { memory: 1536 * MIB },
  });
});

test("what makes no sense is refused, and who is no administrator decides nothing", async () => {
  const put = (client: Client, quota: object) =>
    client.status("PUT", `/api/v1/admin/classes/${id}/quota`, { json: { quota } });
  expect(await put(admin, { pods: 0 })).toBe(400);
  expect(await put(admin, { memory: 128 * MIB, container_memory: 512 * MIB })).toBe(400);
  expect(await put(admin, { unknown: 1 })).toBe(400);
  expect(await put(student, { pods: 100 })).toBeGreaterThanOrEqual(403);
  expect((await hard())?.pods).toBe("6");
});

test("the quota holds: a pod beyond it is refused with the reason", async () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "large" },
    spec: {
      containers: [
        {
          name: "large",
          image: "registry.localhost/base/python:3",
          resources: { limits: { memory: "2Gi" } },
        },
      ],
    },
  };
  const answer = await student.ask("POST", `/k8s/api/v1/namespaces/${account.namespace}/pods`, { json: pod });
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain("exceeded quota");
});

test("who leaves the class has the installation's limits again", async () => {
  const path = `/api/v1/admin/classes/${id}/members/${account.login}`;
  expect(await admin.status("DELETE", path)).toBe(204);
  // The page of another change wakes what tells the cluster; else it looks once a minute.
  await admin.json("PUT", `/api/v1/admin/classes/${id}/quota`, { json: { quota: { pods: 7 } } });
  await eventually("the namespace has them", 30, async () => (await hard())?.pods === "30");
});

test("administrators read in words how the cluster is, students do not", async () => {
  interface Line {
    topic: string;
    tone: string;
    text: string;
  }
  const read = (language: string) =>
    admin.json<{ state: string; tone: string; lines: Line[]; nodes: { name: string; lines: Line[] }[] }>(
      "GET",
      "/api/v1/admin/cluster",
      { headers: { "Accept-Language": language } },
    );
  const { state, lines, nodes } = await read("en");
  expect(state).toBe("ready");
  expect(lines[0]).toMatchObject({ topic: "ready", tone: "good", text: "The cluster is ready" });
  expect(lines.some(({ topic }) => topic === "part")).toBe(true);
  const [node] = nodes;
  expect(node?.lines.map(({ topic }) => topic)).toEqual(["ready", "disk", "memory", "up"]);
  expect(node?.lines[0]).toMatchObject({ tone: "good", text: "The node is ready" });
  expect(node?.lines[1]?.text).toMatch(/GiB of .* GiB free/);
  expect(node?.lines[2]?.text).toMatch(/GiB used, .* GiB free/);
  expect(node?.lines[3]?.text).toMatch(/^Up for /);
  expect((await read("ko")).nodes[0]?.lines[0]?.text).toBe("노드가 준비되었습니다");
  expect(await student.status("GET", "/api/v1/admin/cluster")).toBe(403);

  await visit(page, `${maru.url}/admin/usage`);
  const card = page.getByTestId("cluster-health");
  await card.getByText("The node is ready").waitFor();
  await card.getByText(/^Up for /).waitFor();
});
