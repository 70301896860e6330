import { beforeEach, describe, expect, it } from "vitest";
import { readyCount, take, toneOf, workspace } from "./state";

describe("the workspace's state", () => {
  beforeEach(() => {
    workspace.value = null;
    readyCount.value = 0;
  });

  it("counts each time it becomes ready, not each time it says so", () => {
    take({ id: "w", state: "starting" });
    take({ id: "w", state: "ready", started_at: "a" });
    take({ id: "w", state: "ready", started_at: "a" });
    expect(readyCount.value).toBe(1);
    take({ id: "w", state: "stopping", started_at: "a" });
    take({ id: "w", state: "ready", started_at: "b" });
    expect(readyCount.value).toBe(2);
  });

  it("notices a restart that nobody saw", () => {
    take({ id: "w", state: "ready", started_at: "a" });
    take({ id: "w", state: "ready", started_at: "b" });
    expect(readyCount.value).toBe(2);
  });

  it("has a colour for each state", () => {
    expect([
      toneOf("ready"),
      toneOf("failed"),
      toneOf("stopped"),
      toneOf("queued"),
      toneOf(undefined),
    ]).toEqual(["good", "bad", "", "busy", "busy"]);
  });
});
