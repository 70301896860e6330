import { expect, it } from "vitest";
import { shifted } from "./shares";

it("gives one what it takes from the next, and leaves both something to be seen", () => {
  expect(shifted([1, 1], 0, 0.25)).toEqual([1.5, 0.5]);
  expect(shifted([1, 1, 2], 1, -0.125)).toEqual([1, 0.5, 2.5]);
  expect(shifted([1, 1], 0, 5).map((size) => size.toFixed(1))).toEqual(["1.8", "0.2"]);
  // What is small already gets no smaller, and may grow.
  expect(shifted([0.1, 1.9], 0, -1)).toEqual([0.1, 1.9]);
});
