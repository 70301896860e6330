import { describe, expect, it } from "vitest";
import {
  arranged,
  readShares,
  sharesAmong,
  sharesOf,
  splitOf,
  withAlone,
  withBeside,
  without,
  withShares,
} from "./splits";

describe("terminals side by side", () => {
  it("come alone, or at the right of another", () => {
    const two = withAlone(withAlone([], "a"), "b");
    expect(withBeside(two, "c", "a")).toEqual([["a", "c"], ["b"]]);
    expect(withBeside(withBeside(two, "c", "a"), "d", "a")).toEqual([["a", "d", "c"], ["b"]]);
    expect(withBeside(two, "c", "gone")).toEqual([["a"], ["b"], ["c"]]);
    expect(withBeside(two, "b", "a")).toEqual([["a", "b"]]);
  });

  it("go, and take an empty split along", () => {
    const splits = [["a", "c"], ["b"]];
    expect(without(splits, "b")).toEqual([["a", "c"]]);
    expect(splitOf(without(splits, "a"), "c")).toEqual(["c"]);
    expect(splitOf(splits, "x")).toEqual([]);
  });

  it("are as they were remembered, as far as they are there", () => {
    expect(arranged([["a", "c"], ["gone"], ["b", "a"]], ["a", "b", "c", "d"])).toEqual([
      ["a", "c"],
      ["b"],
      ["d"],
    ]);
    expect(arranged("nonsense", ["a", "b"])).toEqual([["a"], ["b"]]);
    expect(arranged([["c", "b"], 7], ["a", "b", "c"])).toEqual([["a"], ["c", "b"]]);
  });

  it("share the room as they were told to, while they are there", () => {
    const shares = withShares({ x: 2 }, ["a", "b"], [1.5, 0.5]);
    expect(sharesOf(shares, ["a", "b", "new"])).toEqual([1.5, 0.5, 1]);
    expect(sharesAmong(shares, ["a", "c"])).toEqual({ a: 1.5 });
    expect(readShares({ a: 0.5, b: "wide", c: -1, d: null })).toEqual({ a: 0.5 });
    expect([readShares(null), readShares("x")]).toEqual([{}, {}]);
  });
});
