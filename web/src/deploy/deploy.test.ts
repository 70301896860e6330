import { describe, expect, it } from "vitest";
import { keepEnd } from "./LogText";
import { allSteps, isOver, stepSeconds } from "./state";

describe("a Deploy's steps", () => {
  it("are always four, in order", () => {
    expect(allSteps(null).map(({ state }) => state)).toEqual(["pending", "pending", "pending", "pending"]);
    const steps = allSteps({ id: "1", state: "running", steps: [{ name: "build", state: "running" }] });
    expect(steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "commit pending",
      "build running",
      "refresh pending",
      "rollout pending",
    ]);
  });

  it("count seconds from their start to their end, or to now", () => {
    const began = "2026-01-01T00:00:00Z";
    const at = Date.parse(began);
    expect(stepSeconds({ name: "build", state: "pending" }, at)).toBeNull();
    expect(stepSeconds({ name: "build", state: "running", started_at: began }, at + 4200)).toBe(4);
    expect(
      stepSeconds(
        { name: "build", state: "succeeded", started_at: began, finished_at: "2026-01-01T00:00:09Z" },
        0,
      ),
    ).toBe(9);
  });

  it("is over in three ways", () => {
    const of = (state: string) => isOver({ id: "1", state, steps: [] });
    expect(["succeeded", "failed", "cancelled"].every(of)).toBe(true);
    expect(of("running")).toBe(false);
  });
});

describe("keepEnd", () => {
  it("keeps whole lines from the end", () => {
    expect(keepEnd("one\ntwo\nthree\n", 8)).toBe("three\n");
    expect(keepEnd("short", 8)).toBe("short");
  });
});
