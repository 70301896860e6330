import { expect, test } from "vitest";
import { refsOf } from "./refs";

test("the branch that is checked out, and the other side's of the same name", () => {
  expect(refsOf(["HEAD -> main", "origin/main", "origin/HEAD", "tag: v1"])).toEqual([
    { name: "main", head: true, twin: false },
    { name: "origin/main", head: false, twin: true },
    { name: "tag: v1", head: false, twin: false },
  ]);
});

test("the other side's alone is told by its name, and so is a branch with a slash in it", () => {
  expect(refsOf(["origin/main"])).toEqual([{ name: "origin/main", head: false, twin: false }]);
  expect(refsOf(["feature/a"])).toEqual([{ name: "feature/a", head: false, twin: false }]);
});
