/** Applications with an autoscaler and with Argo's Rollout: asleep, woken, and as before; stopped by their owner, and started. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { app, Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru } from "./instance.ts";
import { autoscaler, deployment, ingress, rollout, service, Team } from "./team.ts";

interface Workload {
  metadata: { generation: number; annotations?: Record<string, string> };
  spec: { replicas: number };
  status: { phase?: string; stableRS?: string };
}

interface Scaler {
  spec: { minReplicas: number };
  status: { currentReplicas: number; conditions?: { type: string; status: string; reason: string }[] };
}

const team = new Team("sleeping");
const admin = new Client(maru.admin);
const canary = `canary-${team.host}`;

let browser: Browser;
let page: Page;
let classId = "";

/** The same kind of thing under another name, which its labels have too. */
function named(name: string, object: object): object {
  return JSON.parse(JSON.stringify(object).replaceAll('"app":"web"', `"app":"${name}"`));
}

const steps = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };
const store = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "store" },
  spec: {
    serviceName: "store",
    replicas: 1,
    selector: { matchLabels: { app: "store" } },
    template: {
      metadata: { labels: { app: "store" } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: "store", image: "registry.localhost/base/python:3", command: ["sleep", "infinity"] },
        ],
      },
    },
  },
};
const objects = [
  deployment("v1"),
  service("web"),
  ingress("web", team.host, "web"),
  autoscaler(2, 90),
  named("canary", { ...rollout("v1", steps), metadata: { name: "canary" } }),
  named("canary", service("canary")),
  ingress("canary", canary, "canary"),
  store,
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "store" },
    spec: { clusterIP: "None", selector: { app: "store" }, ports: [{ name: "none", port: 1234 }] },
  },
];

const at = (path: string) => `/k8s/apis/${path}`;
const { namespace } = team.account;
const web = (): Promise<Workload> =>
  team.client.json("GET", at(`apps/v1/namespaces/${namespace}/deployments/web`));
const steered = (): Promise<Workload> =>
  team.client.json("GET", at(`argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/canary`));
const kept = (): Promise<Workload> =>
  team.client.json("GET", at(`apps/v1/namespaces/${namespace}/statefulsets/store`));
const scaler = (): Promise<Scaler> =>
  team.client.json("GET", at(`autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/web`));
const pods = async (label: string): Promise<number> => {
  const path = `/k8s/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${label}`;
  return (await team.client.json<{ items: unknown[] }>("GET", path)).items.length;
};
const none = (label: string) =>
  eventually(`no pod of ${label} is left`, 60, async () => (await pods(label)) === 0);
const acts = (reason?: string) =>
  eventually("the autoscaler is as it should be", 120, async () => {
    const condition = (await scaler()).status.conditions?.find(({ type }) => type === "ScalingActive");
    return reason === undefined ? condition?.status === "True" : condition?.reason === reason;
  });
const drift = async () =>
  (await team.client.json<{ objects: unknown[] }>("GET", "/api/v1/app/drift")).objects;
const answers = (host = team.host) => team.onlyAnswers("v1", host);

beforeAll(async () => {
  await team.begin();
  const first = await team.roll(objects);
  expect(first.state, JSON.stringify(first)).toBe("healthy");
  await answers();
  await answers(canary);
  await acts();
  browser = await launch();
  page = await openIde(browser, team.account);
});

afterAll(async () => {
  if (classId) await admin.status("DELETE", `/api/v1/admin/classes/${classId}?confirm=${team.account.login}`);
  await browser?.close();
  team.remove();
});

test("asleep, the autoscaler rests and the Rollout keeps its version; one request wakes both, and both go on", async () => {
  const before = await steered();
  const json = { name: team.account.login };
  ({ id: classId } = await admin.json<{ id: string }>("POST", "/api/v1/admin/classes", { json }));
  await admin.json("PUT", `/api/v1/admin/classes/${classId}/members/${team.account.login}`, { json: {} });
  await admin.json("PUT", `/api/v1/admin/classes/${classId}/sleep`, { json: { minutes: 1 } });
  await eventually("both sleep", 200, async () => {
    const [one, other] = await Promise.all([web(), steered()]);
    return one.spec.replicas === 0 && other.spec.replicas === 0;
  });
  await admin.json("PUT", `/api/v1/admin/classes/${classId}/sleep`, { json: { minutes: 0 } });
  await Promise.all([none("web"), none("canary")]);
  await acts("ScalingDisabled");
  expect((await web()).metadata.annotations?.["maru.dev/asleep"]).toBe("2");
  expect((await kept()).spec.replicas, "its data makes it stay").toBe(1);
  expect(await drift()).toEqual([]);

  expect(await app(team.url())).toMatchObject({ status: 200, body: "v1" });
  await answers();
  await answers(canary);
  await acts();
  await eventually("the autoscaler has its least", 90, async () => (await web()).spec.replicas === 2);
  const after = await eventually("Argo says that all is well", 60, async () => {
    const now = await steered();
    return now.status.phase === "Healthy" && now;
  });
  expect(after.status.stableRS, "no new version was made of it").toBe(before.status.stableRS);
}, 600_000);

test("stopped by its owner it stays so, whoever asks, and its page says it; Start brings everything back", async () => {
  await page.getByTestId("appmap-open").click();
  await page.getByTestId("app-stop").click();
  await page
    .getByTestId("app-start")
    .first()
    .waitFor({ timeout: 30 * SECOND });
  await Promise.all([none("web"), none("canary"), none("store")]);
  const html = await eventually("the address says so", 30, async () => {
    const { status, body } = await app(team.url(), "GET", undefined, { Accept: "text/html" });
    return status === 503 && body.includes("The application is stopped") && body;
  });
  expect(html).toContain("press Start");
  const korean = await app(team.url(), "GET", undefined, { Accept: "text/html", "Accept-Language": "ko" });
  expect(korean.body).toContain("앱이 정지되어 있습니다");
  expect(await team.client.json("GET", "/api/v1/app")).toMatchObject({ stopped: true, health: "healthy" });
  await page
    .getByText("stopped: Start or the next Deploy brings it back")
    .first()
    .waitFor({ timeout: 30 * SECOND });
  // Git still says that it runs, and nobody changed that past it.
  expect(await drift()).toEqual([]);
  expect(await Promise.all([pods("web"), pods("canary"), pods("store")])).toEqual([0, 0, 0]);

  await page.locator(".appmap").getByTestId("app-start").click();
  await page
    .locator(".appmap")
    .getByTestId("app-stop")
    .waitFor({ timeout: 30 * SECOND });
  await answers();
  await answers(canary);
  await acts();
  await eventually("its data is served again", 60, async () => (await pods("store")) === 1);
  expect((await kept()).metadata.annotations?.["maru.dev/stopped"]).toBeUndefined();
  expect(await team.client.json("GET", "/api/v1/app")).toMatchObject({ stopped: false });
});

test("a new version lifts a stop, and another's application is not stopped by it", async () => {
  const nobody = new Client(maru.student);
  const stopped = async () => (await nobody.json<{ stopped: boolean }>("GET", "/api/v1/app")).stopped;
  const before = await stopped();
  await team.client.json("POST", "/api/v1/app/stop");
  await Promise.all([none("web"), none("store")]);
  expect(await stopped()).toBe(before);
  const [first, ...rest] = objects;
  expect(first).toBeDefined();
  const rolled = await team.roll([deployment("v2"), ...rest]);
  expect(rolled.state, JSON.stringify(rolled)).toBe("healthy");
  await team.onlyAnswers("v2");
  expect(await pods("store")).toBe(1);
});
