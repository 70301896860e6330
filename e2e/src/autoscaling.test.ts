/** An autoscaler at work: load that the student makes brings pods, and they go when it ends. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { autoscaler, deployment, ingress, service, Team } from "./team.ts";

const team = new Team("autoscaling");

/** As fast as can be, to be looked at in a lesson. */
const fast = { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: 4, periodSeconds: 15 }] };

interface AppMap {
  autoscalers: { name: string; current: number; desired: number; load: number | null; max: number }[];
  events: { kind: string; reason: string; words: string }[];
}

interface Load {
  running: boolean;
  sent: number;
  statuses: Record<string, number>;
}

const map = (): Promise<AppMap> => team.client.json("GET", "/api/v1/app/map");
const scaler = async () => (await map()).autoscalers.find(({ name }) => name === "web");
const readyPods = async (): Promise<number> =>
  (await team.state()).pods.filter(
    ({ owner, ready, phase }) => owner === "web" && ready && phase === "Running",
  ).length;

beforeAll(() => team.begin());
afterAll(() => team.remove());

test("load brings pods, nobody goes without an answer, and they go when it ends", async () => {
  const first = await team.roll([
    deployment("v1", undefined, {
      resources: { requests: { cpu: "15m", memory: "24Mi" }, limits: { memory: "96Mi" } },
    }),
    service("web"),
    ingress("web", team.host, "web"),
    autoscaler(1, 50, { behavior: { scaleUp: fast, scaleDown: fast } }),
  ]);
  expect(first.state, JSON.stringify(first)).toBe("healthy");
  await team.onlyAnswers("v1");
  await eventually("its pods were measured once", 120, async () => ((await scaler())?.load ?? null) !== null);
  expect(await readyPods()).toBe(1);

  const json = { per_second: 60, seconds: 90 };
  expect(await team.client.status("POST", "/api/v1/app/load", { json })).toBe(202);
  await eventually("the load has brought more pods", 100, async () => (await readyPods()) > 1);
  // While it scales by itself nobody else says how many pods there are.
  const scaled = await team.client.ask("POST", "/api/v1/app/workloads/Deployment/web/scale", {
    json: { replicas: 1 },
  });
  expect([scaled.status, (await scaled.json()).code]).toEqual([409, "autoscaled"]);

  const report = await eventually("the load has ended", 120, async () => {
    const { load } = await team.client.json<{ load: Load }>("GET", "/api/v1/app/load");
    return !load.running && load;
  });
  expect(report.statuses).toEqual({ 200: report.sent });
  expect(report.sent).toBeGreaterThan(1000);
  await eventually("one pod is left", 150, async () => {
    const now = await scaler();
    return now?.desired === 1 && (await readyPods()) === 1;
  });
  const words = (await map()).events.filter(({ reason }) => reason === "SuccessfulRescale");
  expect(words.length).toBeGreaterThanOrEqual(2);
  expect(words.every((event) => event.words.length > 0)).toBe(true);
}, 600_000);
