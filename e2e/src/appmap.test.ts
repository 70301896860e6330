/** The page of the application: its picture, and what one does to its parts, on the real cluster. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, PHONE, SECOND } from "./browser.ts";
import { app, Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("appmap");
const student = new Client(account);

interface AppMap {
  nodes: {
    id: string;
    health: string;
    ready: number | null;
    wanted: number | null;
    file: string | null;
    line: number | null;
  }[];
  edges: { from: string; to: string }[];
  pods: { name: string; node: string | null; ready: boolean; phase: string }[];
  events: { kind: string; words: string; reason: string }[];
  quota: { resource: string; share: number }[];
}

const read = (): Promise<AppMap> => student.json<AppMap>("GET", "/api/v1/app/map");
const WEB = "Deployment/guestbook-web";
const podsOf = ({ pods }: AppMap, id: string) =>
  pods.filter(({ node, phase }) => node === id && phase !== "Terminating");

let browser: Browser;
let page: Page;
let url: string;

beforeAll(async () => {
  await student.workspaceReady();
  const { state, url: at } = await student.deploy("first");
  expect(state).toBe("succeeded");
  url = at as string;
  browser = await launch();
  page = await openIde(browser, account);
  await page.getByTestId("appmap-open").click();
  await page
    .getByTestId("map-node")
    .first()
    .waitFor({ timeout: 30 * SECOND });
}, 400 * SECOND);

afterAll(() => browser?.close());

const node = (id: string) => page.locator(`[data-card="${id}"]`);

test("the way of a request is there, each part with its line", async () => {
  const map = await read();
  expect(map.edges).toContainEqual({ from: "Service/guestbook-web", to: WEB });
  expect(map.edges).toContainEqual({ from: "Ingress/guestbook", to: "Service/guestbook-web" });
  const web = map.nodes.find(({ id }) => id === WEB);
  expect(web).toMatchObject({ health: "healthy", ready: 1, wanted: 1, file: "k8s/web.yaml" });
  expect(map.quota.find(({ resource }) => resource === "pods")?.share).toBeGreaterThan(0);
  expect(map.events.some(({ words }) => words.length > 0)).toBe(true);

  await node(WEB).click();
  await page.getByTestId("map-yaml").click();
  await page.getByTestId("editor").locator(".cm-line", { hasText: "kind: Deployment" }).first().waitFor();
  await page.getByRole("tab", { name: "Application" }).click();
});

test("a pod that is ended is replaced, and the picture shows it", async () => {
  const before = podsOf(await read(), WEB)[0]?.name as string;
  await node(before).click();
  await page.getByTestId("map-kill").click();
  await page.getByRole("dialog").getByRole("button", { name: "End this pod" }).click();
  await eventually("another pod is ready", 60, async () => {
    const [pod, ...rest] = podsOf(await read(), WEB);
    return pod?.ready && pod.name !== before && rest.length === 0;
  });
  await node(before).waitFor({ state: "detached", timeout: 60 * SECOND });
});

test("a workload is scaled and restarted", async () => {
  await node(WEB).click();
  await page.getByTestId("map-more").click();
  await eventually("two pods are ready", 60, async () => {
    const pods = podsOf(await read(), WEB);
    return pods.length === 2 && pods.every(({ ready }) => ready);
  });
  await page.getByTestId("map-fewer").click();
  await eventually("one pod is left", 60, async () => podsOf(await read(), WEB).length === 1);
  const before = podsOf(await read(), WEB)[0]?.name;
  await page.getByTestId("map-restart").click();
  await eventually("it is a new one", 60, async () => {
    const pods = podsOf(await read(), WEB);
    return pods.length === 1 && pods[0]?.ready && pods[0].name !== before;
  });
});

/** Opens one in a container of the application, types into it, and ends it. */
async function useShell(of: Page): Promise<void> {
  const api = podsOf(await read(), "Deployment/guestbook-api")[0]?.name as string;
  await of.locator(`[data-card="${api}"]`).click();
  await of.getByTestId("map-shell").click();
  const shell = of.getByTestId("pod-shell");
  await shell.locator(".xterm-rows", { hasText: /[$#]/ }).waitFor({ timeout: 30 * SECOND });
  await shell.click();
  await of.keyboard.type("echo in-$(hostname)\n");
  await shell.locator(".xterm-rows", { hasText: `in-${api.slice(0, 20)}` }).waitFor();
  await of.keyboard.type("exit\n");
  await of.getByText("The shell has ended").waitFor();
}

test("a shell runs in a container, as its student", () => useShell(page));

test("a shell goes by requests where no WebSocket passes", async () => {
  const slow = await openIde(browser, account);
  await slow.context().routeWebSocket(/\/api\//, (socket) => socket.close());
  await slow.reload();
  await slow.getByTestId("appmap-open").click();
  await useShell(slow);
  await slow.context().close();
});

test("what all pods write is one stream, and one pod's apart", async () => {
  const logs = page.getByTestId("map-logs");
  const api = podsOf(await read(), "Deployment/guestbook-api")[0]?.name as string;
  const database = logs.getByText("ready to accept connections");
  await logs.getByText("listening on port 8080").first().waitFor();
  if ((await node(api).getAttribute("aria-pressed")) === "true") await node(api).click();
  await database.first().waitFor();
  await node(api).click();
  await database.first().waitFor({ state: "detached" });
  await logs.getByText("listening on port 8080").first().waitFor();
});

test("load goes to the own application, bounded, and is counted", async () => {
  const start = (json: unknown) => student.status("POST", "/api/v1/app/load", { json });
  const told = async () =>
    (
      await student.json<{
        load: { running: boolean; sent: number; statuses: Record<string, number> } | null;
      }>("GET", "/api/v1/app/load")
    ).load;
  expect(await start({ per_second: 1000, seconds: 5 })).toBe(400);
  expect(await start({ per_second: 5, seconds: 500 })).toBe(400);
  await page.getByRole("tab", { name: "Use and load" }).click();
  await page.getByLabel("Seconds").fill("5");
  await page.getByTestId("load-start").click();
  await eventually("the load runs", 20, async () => (await told())?.running);
  expect(await start({ per_second: 5, seconds: 5 })).toBe(409);
  const report = await eventually("the load has ended", 40, async () => {
    const load = await told();
    return load?.running === false && load;
  });
  expect(report.sent).toBeGreaterThan(10);
  expect(report.statuses["200"]).toBe(report.sent);
  await page.getByTestId("load-report").getByText(`Sent: ${report.sent}`).waitFor();
  expect((await app(url)).status).toBe(200);
});

test("another strategy is an edit of the YAML, which is seen before it is deployed", async () => {
  const file = "/api/v1/workspace/files/guestbook/k8s/web.yaml";
  const before = await (await student.ask("GET", file)).text();
  await node(WEB).click();
  await page.getByTestId("way-canary").click();
  await page.getByText("is changed and saved").first().waitFor();
  await page.getByTestId("editor").locator(".cm-line", { hasText: "kind: Rollout" }).first().waitFor();
  const after = await (await student.ask("GET", file)).text();
  expect(after).toContain("canaryService: guestbook-web-canary");
  expect(after).toContain(before.split("\n")[0] as string);
  const plan = await student.json<{ ok: boolean; objects: { kind: string; name: string; change: string }[] }>(
    "GET",
    "/api/v1/deployments/plan",
  );
  expect(plan.ok).toBe(true);
  const change = (kind: string, name: string) =>
    plan.objects.find((object) => object.kind === kind && object.name === name)?.change;
  expect(change("Rollout", "guestbook-web")).toBe("add");
  expect(change("Service", "guestbook-web-canary")).toBe("add");
  expect(change("Deployment", "guestbook-web")).toBe("remove");
  await page.getByRole("tab", { name: "Application" }).click();
});

test("on a phone its parts are one below the other, and nothing is wider than the screen", async () => {
  const phone = await openIde(browser, account, PHONE);
  await phone.locator(".pane-switch").getByRole("button", { name: "Deploy" }).click();
  await phone.getByTestId("appmap-open").click();
  await phone.getByTestId("map-node").first().waitFor();
  for (const tab of ["Logs", "Requests", "Events", "Use and load", "Secrets", "History"]) {
    await phone.getByRole("tab", { name: tab }).click();
    const wide = await phone.evaluate(() =>
      [".appmap", ".picture", ".appmap-tab", ".requests"].filter((place) => {
        const element = document.querySelector(place);
        return element !== null && element.scrollWidth > element.clientWidth;
      }),
    );
    expect(wide, tab).toEqual([]);
  }
  const [above, below] = await Promise.all(
    ["Service/guestbook-web", WEB].map((id) => phone.locator(`[data-card="${id}"]`).boundingBox()),
  );
  expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(below?.y ?? 0);
  await phone.context().close();
});

test("somebody else's parts are not there", async () => {
  const other = new Client(newStudent("appmap-other"));
  const pod = podsOf(await read(), WEB)[0]?.name;
  expect(await other.status("DELETE", `/api/v1/app/pods/${pod}`)).toBe(404);
  const scaled = await other.status("POST", "/api/v1/app/workloads/Deployment/guestbook-web/scale", {
    json: { replicas: 0 },
  });
  expect(scaled).toBe(404);
  const restarted = await other.status("POST", "/api/v1/app/workloads/Secret/guestbook-db/restart");
  expect(restarted).toBe(404);
});
