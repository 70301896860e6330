/**
 * What people get in an application's place: why it does not answer, for everybody; what it wrote last, for whom it concerns.
 * And that what is no plain request reaches it too.
 */
import { mkdirSync, readFileSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type WebSocket from "ws";
import { launch, openIde, SECOND, visit } from "./browser.ts";
import { app, Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { type Account, maru, newStudent } from "./instance.ts";
import { get, knock, origin } from "./preview.ts";

const IMAGE = "registry.localhost/base/python:3";
const port = new URL(maru.url).port;

/** To be looked at, where somebody says where to. */
const shots = process.env.SCREENSHOTS;
if (shots !== undefined) mkdirSync(shots, { recursive: true });
const picture = async (page: Page, name: string): Promise<void> => {
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png` });
};
const LOOKS: BrowserContextOptions[] = ["en-US", "ko-KR"].flatMap((locale) =>
  (["light", "dark"] as const).flatMap((colorScheme) =>
    [
      { width: 1440, height: 900 },
      { width: 390, height: 844 },
    ].map((viewport) => ({ locale, colorScheme, viewport })),
  ),
);
const nameOf = ({ locale, colorScheme, viewport }: BrowserContextOptions): string =>
  `${locale}-${colorScheme}-${viewport?.width}`;

/** A student with one web server, made by hand with the cluster's own API. */
class Site {
  readonly account = newStudent("site");
  readonly client = new Client(this.account);
  readonly host = `${this.account.login}.apps.localhost`;
  readonly url = `http://${this.host}:${port}/`;

  create(group: string, kind: string, object: unknown): Promise<unknown> {
    return this.client.json("POST", `/k8s/${group}/namespaces/${this.account.namespace}/${kind}`, {
      json: object,
    });
  }

  async serve(command: string[], probe: object = {}, replicas = 1): Promise<void> {
    const labels = { app: "web" };
    const container = { name: "web", image: IMAGE, command, ...probe };
    await this.create("apis/apps/v1", "deployments", {
      metadata: { name: "web" },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 1, containers: [container] },
        },
      },
    });
    const ports = [{ port: 80, targetPort: 8000 }];
    await this.create("api/v1", "services", { metadata: { name: "web" }, spec: { selector: labels, ports } });
    const backend = { service: { name: "web", port: { number: 80 } } };
    const paths = [{ path: "/", pathType: "Prefix", backend }];
    await this.create("apis/networking.k8s.io/v1", "ingresses", {
      metadata: { name: "web" },
      spec: { rules: [{ host: this.host, http: { paths } }] },
    });
  }
}

describe("an application that does not answer", () => {
  const SECRET = "the password is hunter2";
  const site = new Site();
  const stranger = newStudent("stranger");
  let browser: Browser;

  beforeAll(async () => {
    await site.serve(["sh", "-c", `echo ${SECRET}; exit 3`]);
    browser = await launch();
  });
  afterAll(() => browser?.close());

  const why = (): string => `${maru.url}/why/${site.host}:${port}/`;

  async function visitor(account: Account, options: object = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    const { login, password } = account;
    await page.request.post(`${maru.url}/api/v1/session`, { data: { login, password } });
    return page;
  }

  test("says to everybody which Service has no ready pod and why, and keeps to itself what was written", async () => {
    const body = await eventually("the page tells of the crash", 90, async () => {
      const answer = await app(site.url);
      return answer.status === 503 && answer.body.includes("ended with code 3") && answer.body;
    });
    expect(body).toContain("No pod of web is ready");
    expect(body).toContain("Service: web:80");
    expect(body).toContain(why());
    expect(body).not.toContain("hunter2");
    const korean = await get(`${site.host}:${port}`, "/", { headers: { "accept-language": "ko" } });
    expect(korean.body).toContain("web의 파드가 준비되지 않았습니다");
    expect(korean.body).toContain("종료 코드 3");
    // What we ask the gateway by is believed from nobody else.
    const asked = await get(`${site.host}:${port}`, "/", { headers: { "x-maru-explain": "1" } });
    expect(asked.headers["x-maru-namespace"]).toBeUndefined();
    expect(asked.body).not.toContain("hunter2");
  });

  test("shows its last lines to the owner, who logs in first, and in no language but theirs", async () => {
    const context = await browser.newContext({ locale: "ko-KR", viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await visit(page, why());
    await page.getByLabel("아이디").fill(site.account.login);
    await page.getByLabel("비밀번호").fill(site.account.password);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "web의 파드가 준비되지 않았습니다" }).waitFor();
    await eventually("the log is there", 30, async () => (await page.content()).includes(SECRET));
    await context.close();
  });

  test("shows them to administrators, and to no other student", async () => {
    const admin = await visitor(maru.admin);
    await visit(admin, why());
    await eventually("the log is there", 30, async () => (await admin.content()).includes(SECRET));
    const other = await visitor(stranger);
    const answer = await visit(other, why());
    expect(answer?.status()).toBe(403);
    expect(await other.content()).not.toContain("hunter2");
    await other.getByRole("heading", { name: "somebody else's" }).waitFor();
  });

  test("is said so on a phone and in the dark", async () => {
    for (const look of LOOKS) {
      const page = await visitor(site.account, look);
      for (const [name, url] of [
        ["stranger", site.url],
        ["owner", why()],
      ] as const) {
        await visit(page, url);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide).toBeLessThanOrEqual(look.viewport?.width ?? 0);
        await picture(page, `gateway-${name}-${nameOf(look)}`);
      }
      await page.context().close();
    }
  });
});

test("a WebSocket goes through to a pod, and both ways", async () => {
  const site = new Site();
  const program = readFileSync(new URL("probe.py", import.meta.url), "utf8");
  await site.serve(["python3", "-u", "-c", program, "8000", "0.0.0.0"], {
    readinessProbe: { httpGet: { path: "/", port: 8000 }, periodSeconds: 1 },
  });
  await eventually("it answers", 90, async () => (await app(site.url)).status === 200);
  const host = `${site.host}:${port}`;
  const socket = (await knock(host, "/ws", { headers: { Origin: origin(host) } })) as WebSocket;
  expect(socket, "upgraded").toHaveProperty("readyState", 1);
  for (const message of ["42", "마루 ".repeat(500)]) {
    const echo = new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
    socket.send(message);
    expect(await echo).toBe(message);
  }
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.close(1000);
  expect(await closed, "the program's own good-bye").toBe(1000);
  // Where nothing is upgraded, the application's own answer comes back.
  expect(await knock(host, "/no-socket")).toBe(200);
}, 120_000);

describe("an application that nobody asks for", () => {
  interface Workload {
    metadata: { annotations?: Record<string, string> };
    spec: { replicas: number };
  }
  interface Map {
    nodes: { id: string; health: string; message: string }[];
  }
  const admin = new Client(maru.admin);
  const site = new Site();
  const serve = ["python3", "-u", "-m", "http.server", "8000"];
  const probe = { readinessProbe: { httpGet: { path: "/", port: 8000 }, periodSeconds: 1 } };
  let classId = "";

  const path = (kind: string, name: string): string =>
    `/k8s/apis/apps/v1/namespaces/${site.account.namespace}/${kind}/${name}`;
  const read = (name: string, kind = "deployments"): Promise<Workload> =>
    site.client.json("GET", path(kind, name));
  let browser: Browser;
  const asleep = (): Promise<true> =>
    eventually("it sleeps", 150, async () => {
      if ((await read("web")).spec.replicas !== 0) return false;
      // Those that end still answer.
      const pods = `/k8s/api/v1/namespaces/${site.account.namespace}/pods?labelSelector=app%3Dweb`;
      return (await site.client.json<{ items: unknown[] }>("GET", pods)).items.length === 0;
    });

  beforeAll(async () => {
    browser = await launch();
    await site.serve(serve, probe, 2);
    // A database, as students have them in Deployments: no Ingress leads to it.
    const pod = (name: string) => ({
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name, image: IMAGE, command: ["sleep", "infinity"] }] },
      },
    });
    await site.create("apis/apps/v1", "deployments", { metadata: { name: "db" }, spec: pod("db") });
    await site.create("apis/apps/v1", "statefulsets", {
      metadata: { name: "store" },
      spec: { ...pod("store"), serviceName: "store" },
    });
    await eventually("it answers", 90, async () => (await app(site.url)).status === 200);
    const name = `sleepers ${site.account.login}`;
    ({ id: classId } = await admin.json<{ id: string }>("POST", "/api/v1/admin/classes", { json: { name } }));
    await admin.json("PUT", `/api/v1/admin/classes/${classId}/members/${site.account.login}`, { json: {} });
    const settings = `/api/v1/admin/classes/${classId}/sleep`;
    expect(await admin.json("GET", settings)).toEqual({ minutes: null, installation: 0, effective: 0 });
    expect(await admin.status("PUT", settings, { json: { minutes: 100_000 } })).toBe(400);
    expect(await site.client.status("PUT", settings, { json: { minutes: 1 } })).toBe(403);
    expect(await admin.json("PUT", settings, { json: { minutes: 1 } })).toMatchObject({ effective: 1 });
  });

  afterAll(() => browser?.close());

  test("sleeps after the minutes of its class, remembers its replicas, and leaves what has data alone", async () => {
    await asleep();
    expect((await read("web")).metadata.annotations?.["maru.dev/asleep"]).toBe("2");
    expect((await read("db")).spec.replicas).toBe(1);
    expect((await read("store", "statefulsets")).spec.replicas).toBe(1);
    await eventually("the application's page says so", 20, async () => {
      const { nodes } = await site.client.json<Map>("GET", "/api/v1/app/map");
      return ["Deployment/web", "Service/web"].every((id) => {
        const node = nodes.find((one) => one.id === id);
        return node?.health === "healthy" && node.message.startsWith("asleep");
      });
    });
  });

  test("a program's request wakes it and is answered, with its body", async () => {
    const before = Date.now();
    expect((await app(site.url)).status).toBe(200);
    console.info(`woken and answered within ${Date.now() - before} ms`);
    const { metadata, spec } = await read("web");
    expect(spec.replicas).toBe(2);
    expect(metadata.annotations?.["maru.dev/asleep"]).toBeUndefined();
  });

  test("its requests are listed for the owner and for administrators, and for nobody else", async () => {
    interface Requests {
      requests: {
        method: string;
        host: string;
        path: string;
        status: number;
        bytes: number;
        client: string;
      }[];
    }
    await app(`${site.url}missing?token=hunter2`);
    const { requests } = await eventually("the request is listed", 20, async () => {
      const said = await site.client.json<Requests>("GET", "/api/v1/app/requests");
      return said.requests.some(({ path }) => path === "/missing") && said;
    });
    const [newest] = requests;
    expect(newest).toMatchObject({ method: "GET", path: "/missing", status: 404, client: "127.0.0.1" });
    expect(newest?.bytes).toBeGreaterThan(0);
    expect(JSON.stringify(requests)).not.toContain("hunter2");
    const theirs = `/api/v1/admin/users/${site.account.login}/requests`;
    expect((await admin.json<Requests>("GET", theirs)).requests.length).toBe(requests.length);
    expect(await site.client.status("GET", theirs)).toBe(403);
    // What we ask the gateway by is believed from nobody else.
    const asked = await get(`${site.host}:${port}`, "/", { headers: { "x-maru-requests": "u-student" } });
    expect(asked.body).toContain("Directory listing");
  });

  test("a person gets the application, or a page that opens it", async () => {
    await asleep();
    const page = await browser.newPage({ locale: "ko-KR" });
    const seen = await visit(page, site.url);
    if (seen?.status() === 503) expect(await page.content()).toContain("앱을 깨우는 중입니다");
    await page
      .getByText("Directory listing for /")
      .first()
      .waitFor({ timeout: 60 * SECOND });
    await page.context().close();
  });

  test("its page says that it sleeps, and who asked for what", async () => {
    await site.client.workspaceReady();
    await asleep();
    for (const look of LOOKS) {
      const page = await openIde(browser, site.account, look);
      const ko = look.locale === "ko-KR";
      // On a phone the editor's pane comes to the front with it.
      await page.keyboard.press("F1");
      await page.keyboard.insertText(ko ? "앱의 구성" : "application's parts");
      await page.getByTestId("palette").locator('[data-id="app.map"][aria-selected="true"]').waitFor();
      await page.keyboard.press("Enter");
      const card = page.locator('[data-card="Deployment/web"]');
      await card.getByText(ko ? "잠들었습니다" : "asleep").waitFor({ timeout: 30 * SECOND });
      await picture(page, `asleep-${nameOf(look)}`);
      await page.getByRole("tab", { name: ko ? "요청" : "Requests", exact: true }).click();
      await page.getByTestId("app-request").filter({ hasText: "/missing" }).first().waitFor();
      await page.getByTestId("app-request").first().scrollIntoViewIfNeeded();
      await picture(page, `requests-${nameOf(look)}`);
      await page.context().close();
    }
  });

  test("an administrator sets the minutes on the class's page and sees a student's requests", async () => {
    for (const look of LOOKS) {
      const context = await browser.newContext(look);
      const page = await context.newPage();
      const { login, password } = maru.admin;
      await page.request.post(`${maru.url}/api/v1/session`, { data: { login, password } });
      await visit(page, `${maru.url}/admin/classes/${classId}`);
      const field = page.locator('input[name="minutes"]');
      await field.scrollIntoViewIfNeeded();
      expect(await field.inputValue()).not.toBe("");
      await field.fill("45");
      await picture(page, `class-${nameOf(look)}`);
      await Promise.all([page.waitForEvent("load"), field.press("Enter")]);
      await eventually("it is set", 20, async () => {
        const { minutes } = await admin.json<{ minutes: number }>(
          "GET",
          `/api/v1/admin/classes/${classId}/sleep`,
        );
        return minutes === 45;
      });
      await visit(page, `${maru.url}/admin/users/${site.account.login}`);
      await page.getByRole("cell", { name: "/missing" }).first().scrollIntoViewIfNeeded();
      await picture(page, `user-${nameOf(look)}`);
      await visit(page, `${maru.url}/admin/settings`);
      await page.locator('input[name="app_sleep_minutes"]').scrollIntoViewIfNeeded();
      await picture(page, `settings-${nameOf(look)}`);
      await context.close();
    }
  });

  test("stays awake once its class no longer wants it to sleep", async () => {
    const settings = `/api/v1/admin/classes/${classId}/sleep`;
    await admin.json("PUT", settings, { json: { minutes: null } });
    const namespace = `/k8s/api/v1/namespaces/${site.account.namespace}`;
    await eventually("the namespace says so", 30, async () => {
      const { metadata } = await site.client.json<Workload>("GET", namespace);
      return metadata.annotations?.["maru.dev/sleep-after-minutes"] === "0";
    });
    expect(await site.client.status("PATCH", namespace, { json: { metadata: {} } })).toBe(403);
    await admin.status(
      "DELETE",
      `/api/v1/admin/classes/${classId}?confirm=${encodeURIComponent(`sleepers ${site.account.login}`)}`,
    );
  });
});
