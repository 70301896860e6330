import { expect, it } from "vitest";
import { points, stepped } from "./Chart";

const sample = (at: number, replicas: number) => ({ at, replicas, desired: replicas, load: null });

it("a chart ends at the present, and what is older than five minutes is not in it", () => {
  const all = [sample(0, 1), sample(300_000, 2), sample(600_000, 4)];
  const drawn = points(all, 600_000, ({ replicas }) => replicas, 4);
  expect(drawn).toEqual([
    [0, 70],
    [600, 0],
  ]);
  expect(stepped(drawn)).toEqual([
    [0, 70],
    [600, 70],
    [600, 0],
  ]);
  expect(points(all, 600_000, ({ load }) => load, 4)).toEqual([]);
});
