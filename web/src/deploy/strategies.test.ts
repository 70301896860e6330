import { describe, expect, it } from "vitest";
import type { App, AppPod } from "../api/types";
import { setLang } from "../i18n";
import { podsByRole, steered, stepWords } from "./Strategies";

const pod = (role: string | null, ready: boolean): AppPod => ({ name: `${role}`, owner: "web", role, ready });

describe("an application's strategies", () => {
  it("are those of its Rollouts, with their pods", () => {
    const strategy = {
      kind: "canary" as const,
      step: 2,
      steps: [],
      weight: 50,
      paused: null,
      aborted: false,
      updating: true,
    };
    const of: App = {
      objects: [
        { kind: "Rollout", name: "web", health: "paused", message: "", strategy },
        { kind: "StatefulSet", name: "db", health: "healthy", message: "", strategy: null },
      ],
      pods: [pod("canary", true), { name: "db-0", owner: "db", role: null, ready: true }],
    };
    expect(steered(of).map(({ name, pods }) => [name, pods.length])).toEqual([["web", 1]]);
    expect(steered(null)).toEqual([]);
    expect(steered({ url: "http://x" })).toEqual([]);
  });

  it("have their pods counted by what they are", () => {
    const pods = [pod("canary", false), pod("stable", true), pod("stable", false)];
    expect(podsByRole(pods)).toEqual([
      { role: "stable", count: 2, ready: 1 },
      { role: "canary", count: 1, ready: 0 },
    ]);
  });

  it("say each step in words", () => {
    setLang("en");
    expect(stepWords({ kind: "set_weight", weight: 20 })).toBe("20 % of the requests go to the new version");
    expect(stepWords({ kind: "pause", seconds: null })).toBe("Wait until it is promoted");
    expect(stepWords({ kind: "pause", seconds: 30 })).toBe("Wait 30 s");
    expect(stepWords({ kind: "analysis" })).toBe("Measure whether it works");
    expect(stepWords({ kind: "other", name: "plugin" })).toBe("plugin");
  });
});
