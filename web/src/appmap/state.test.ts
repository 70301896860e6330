import { describe, expect, it } from "vitest";
import type { AppMap, MapNode, MapPod } from "../api/appmap";
import { columnsOf, keep, linesOf, podState } from "./state";

const node = (id: string): MapNode => {
  const [kind, name] = id.split("/") as [string, string];
  const rest = { ready: null, wanted: null, file: null, line: null, scales: false, restarts: false };
  return { id, kind, name, health: "healthy", message: "", ...rest };
};
const pod = (name: string, of: string | null, more: Partial<MapPod> = {}): MapPod => ({
  name,
  node: of,
  phase: "Running",
  ready: true,
  restarts: 0,
  role: null,
  created_at: "",
  cpu_milli: null,
  memory: null,
  containers: [],
  ...more,
});
const MAP: AppMap = {
  nodes: ["Ingress/in", "Service/db", "Service/web", "StatefulSet/db", "Deployment/web"].map(node),
  edges: [
    { from: "Ingress/in", to: "Service/web" },
    { from: "Service/web", to: "Deployment/web" },
    { from: "Service/db", to: "StatefulSet/db" },
  ],
  pods: [pod("alone", null), pod("db-0", "StatefulSet/db"), pod("web-1", "Deployment/web")],
  events: [],
  quota: [],
  autoscalers: [],
};

describe("the picture", () => {
  it("puts what is reached first, first", () => {
    const { services, workloads, pods } = columnsOf(MAP);
    expect(services.map(({ name }) => name)).toEqual(["web", "db"]);
    expect(workloads.map(({ id }) => id)).toEqual(["Deployment/web", "StatefulSet/db"]);
    expect(pods.map(({ name }) => name)).toEqual(["web-1", "db-0", "alone"]);
  });

  it("ties pods to their workloads", () => {
    expect(linesOf(MAP)).toContainEqual({ from: "StatefulSet/db", to: "db-0" });
    expect(linesOf(MAP)).toHaveLength(5);
  });

  it("says of a pod what it is at", () => {
    const waits = { name: "c", image: "", ready: false, state: "waiting" };
    expect(podState(pod("a", null))).toBe("ready");
    expect(podState(pod("a", null, { phase: "Terminating" }))).toBe("ending");
    expect(podState(pod("a", null, { ready: false, phase: "Pending" }))).toBe("starting");
    const containers = [{ ...waits, reason: "CrashLoopBackOff" }];
    expect(podState(pod("a", null, { ready: false, containers }))).toBe("failed");
  });

  it("remembers five minutes of each autoscaler that is there", () => {
    const scaler = { name: "web", target: "Deployment/web", min: 1, max: 3, current: 2, desired: 2 };
    const now = { ...MAP, autoscalers: [{ ...scaler, metric: "cpu", load: 70, wanted_load: 50 }] };
    let kept = keep({ gone: [] }, now, 0);
    for (let at = 1; at < 400; at++) kept = keep(kept, now, at);
    expect(Object.keys(kept)).toEqual(["web"]);
    expect(kept.web).toHaveLength(150);
    expect(kept.web?.at(-1)).toEqual({ at: 399, replicas: 2, desired: 2, load: 70 });
  });
});
