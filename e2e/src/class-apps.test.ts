/** What instructors see of their students' applications: all of a class at a glance, one with its parts and logs, and no more. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, SECOND, visit } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent } from "./instance.ts";
import { deployment, ingress, service, Team } from "./team.ts";

interface AppRow {
  login: string;
  health: string;
  url: string | null;
  ready: number;
  wanted: number;
  message: string | null;
}

const admin = new Client(maru.admin);
const instructor = new Client(maru.instructor);
const good = new Team("glance");
const idle = newStudent("glance-idle");
const stranger = newStudent("glance-other");
const className = `Glance ${good.account.login.slice(-6)}`;
let classId: string;
let browser: Browser;
let page: Page;

const overview = async (): Promise<AppRow[]> =>
  (await instructor.json<{ apps: AppRow[] }>("GET", `/api/v1/admin/classes/${classId}/apps`)).apps;
const of = async (login: string) => (await overview()).find((row) => row.login === login);

beforeAll(async () => {
  const made = await admin.json<{ id: string }>("POST", "/api/v1/admin/classes", {
    json: { name: className },
  });
  classId = made.id;
  const put = (login: string, role: string) =>
    admin.json("PUT", `/api/v1/admin/classes/${classId}/members/${login}`, { json: { role } });
  await put(maru.instructor.login, "instructor");
  await put(good.account.login, "student");
  await put(idle.login, "student");
  await good.begin();
  const first = await good.roll([deployment("v1", 1), service("web"), ingress("web", good.host, "web")]);
  expect(first.state, JSON.stringify(first)).toBe("healthy");
  browser = await launch();
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  const { login, password } = maru.instructor;
  await page.request.post(`${maru.url}/api/v1/session`, { data: { login, password } });
}, 240 * SECOND);
afterAll(async () => {
  await browser?.close();
  // An instructor of one class more would be another one for the other files.
  await admin.status("DELETE", `/api/v1/admin/classes/${classId}?confirm=${encodeURIComponent(className)}`);
  good.remove();
});

test("the cluster lets an instructor look into the class's namespaces, change nothing there, and see no other", async () => {
  const api = (namespace: string) => `/k8s/apis/apps/v1/namespaces/${namespace}/deployments`;
  const own = api(good.account.namespace);
  const { items } = await instructor.json<{ items: { metadata: { name: string } }[] }>("GET", own);
  expect(items.map(({ metadata }) => metadata.name)).toEqual(["web"]);
  expect(await instructor.status("DELETE", `${own}/web`)).toBe(403);
  const secrets = `/k8s/api/v1/namespaces/${good.account.namespace}/secrets`;
  expect(await instructor.status("GET", secrets)).toBe(403);
  expect(await instructor.status("GET", api(stranger.namespace))).toBe(403);
});

test("every student of the class has a line, with what runs and what does not", async () => {
  expect((await overview()).map(({ login }) => login)).toEqual([good.account.login, idle.login].sort());
  expect(await of(good.account.login)).toMatchObject({
    health: "healthy",
    url: good.url(),
    ready: 1,
    wanted: 1,
    message: null,
  });
  expect(await of(idle.login)).toMatchObject({ health: "none", url: null, ready: 0, wanted: 0 });
});

test("an application and its parts are read, and changed by nobody but its student", async () => {
  const path = `/api/v1/admin/users/${good.account.login}/app`;
  const app = await instructor.json<{ health: string }>("GET", path);
  expect(app.health).toBe("healthy");
  const map = await instructor.json<{ nodes: { id: string }[]; pods: unknown[] }>("GET", `${path}/map`);
  expect(map.nodes.map(({ id }) => id)).toContain("Deployment/web");
  expect(map.pods).toHaveLength(1);
  for (const method of ["POST", "PUT", "DELETE"]) expect(await instructor.status(method, path)).toBe(405);
  // Nobody else's: neither a student, nor one of another class.
  for (const what of [path, `${path}/map`, `${path}/logs`])
    expect(await new Client(idle).status("GET", what)).toBe(403);
  expect(await instructor.status("GET", `/api/v1/admin/users/${stranger.login}/app/logs`)).toBe(404);
  expect(await new Client(stranger).status("GET", `/api/v1/admin/classes/${classId}/apps`)).toBe(403);
});

test("the page shows the class, leads to a student's application, and follows it", async () => {
  await visit(page, `${maru.url}/admin/classes/${classId}`);
  await page.getByRole("link", { name: "Applications" }).click();
  const row = page.locator(`[data-app="${good.account.login}"]`);
  await row.getByText("healthy").waitFor();
  await page.locator(`[data-app="${idle.login}"]`).getByText("nothing deployed").waitFor();
  await row.getByRole("link", { name: good.account.login }).first().click();
  await page.getByRole("rowheader", { name: "Deployment web" }).waitFor();
  const [pod] = (await good.state()).pods;
  await page.locator(`[data-pod="${pod?.name}"]`).getByText("Running", { exact: true }).waitFor();
  expect(await good.client.status("DELETE", `/api/v1/app/pods/${pod?.name}`)).toBe(202);
  await page.locator(`[data-pod="${pod?.name}"]`).waitFor({ state: "detached", timeout: 60 * SECOND });
  await page
    .locator("[data-pod]")
    .getByText("Running", { exact: true })
    .waitFor({ timeout: 60 * SECOND });
  // The student sees who looked.
  const { entries } = await good.client.json<{ entries: { action: string; actor: string }[] }>(
    "GET",
    "/api/v1/me/audit",
  );
  expect(entries.find(({ action }) => action === "app.logs")?.actor).toBe(maru.instructor.login);
});

test("what is in trouble says why, in the class and in the application", async () => {
  const command = ["python3", "-u", "-c", "print('about to fail'); raise SystemExit('no database')"];
  const failed = await good.roll([
    deployment("v2", 1, { command }),
    service("web"),
    ingress("web", good.host, "web"),
  ]);
  expect(failed.state).toBe("failed");
  const row = await of(good.account.login);
  expect(row?.health).toBe("failed");
  expect(row?.message).toContain("web");
  await visit(page, `${maru.url}/admin/users/${good.account.login}/app`);
  await page.getByText("rollout failed").waitFor();
  await page.locator(".app-trouble").getByText("no database").waitFor();
  await eventually("its last words are in the logs", 30, async () =>
    ((await page.locator(".app-logs").textContent()) ?? "").includes("about to fail"),
  );
});
