import { describe, expect, it } from "vitest";
import { graphOf } from "./graph";

const commits = (...all: string[]) =>
  all.map((text) => {
    const [id = "", ...parents] = text.split(" ");
    return { id, parents };
  });

describe("the graph", () => {
  it("keeps a straight history in one lane", () => {
    const rows = graphOf(commits("c b", "b a", "a"));
    expect(rows.map(({ lane, width }) => [lane, width])).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(rows[2]?.edges).toEqual([{ from: 0, to: 0, half: "above" }]);
  });

  it("gives a merged branch a lane of its own, and takes it back", () => {
    const rows = graphOf(commits("m b f", "f a", "b a", "a"));
    expect(rows.map(({ lane }) => lane)).toEqual([0, 1, 0, 0]);
    expect(rows[0]?.edges).toEqual([
      { from: 0, to: 0, half: "below" },
      { from: 0, to: 1, half: "below" },
    ]);
    expect(rows[3]?.width).toBeLessThanOrEqual(2);
  });

  it("shows a branch that was not merged beside", () => {
    const rows = graphOf(commits("x a", "y a", "a"));
    expect(rows.map(({ lane }) => lane)).toEqual([0, 1, 0]);
    // Both lead to the same commit.
    expect(rows[1]?.edges).toContainEqual({ from: 1, to: 0, half: "below" });
  });
});
