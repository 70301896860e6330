import { describe, expect, it } from "vitest";
import { explainedPart, readUnfolded, unfold } from "./explained";

describe("explanations of the steps", () => {
  it("take only what fits from what was stored", () => {
    const all = { commit: true, build: true, refresh: true, rollout: true };
    for (const odd of [[], { build: "no", other: false }]) expect(readUnfolded(odd)).toEqual(all);
    expect(readUnfolded({ build: false })).toEqual({ ...all, build: false });
  });

  it("remember what was folded away, and nothing once it is unfolded again", () => {
    unfold("build", false);
    expect(explainedPart.read()).toEqual({ build: false });
    unfold("build", true);
    expect(explainedPart.read()).toEqual({});
  });
});
