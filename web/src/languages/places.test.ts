import { expect, test } from "vitest";
import { byFile, linesOf } from "./places";

const range = (line: number, from: number, to: number) => ({
  start: { line, character: from },
  end: { line, character: to },
});

test("each reference stands once, in the order of the text, with its line around it", () => {
  const found = linesOf("a.py", "def greet():\r\n  pass\r\n  greet()  # 안녕", [
    range(2, 2, 7),
    range(0, 4, 9),
    range(2, 2, 7),
  ]);
  expect(found).toEqual([
    { path: "a.py", line: 1, column: 5, before: "def ", name: "greet", after: "():" },
    { path: "a.py", line: 3, column: 3, before: "", name: "greet", after: "()  # 안녕" },
  ]);
});

test("columns count characters, where the server counts UTF-16", () => {
  const [found] = linesOf("a.py", "'😀'; greet()", [range(0, 6, 11)]);
  expect(found).toMatchObject({ column: 6, name: "greet" });
});

test("a long line is cut, and one that is gone is empty", () => {
  const [long] = linesOf("a.py", `${"x".repeat(500)}greet${"y".repeat(500)}`, [range(0, 500, 505)]);
  expect([long?.before.length, long?.name, long?.after.length]).toEqual([60, "greet", 60]);
  expect(linesOf("a.py", "", [range(7, 1, 2)])).toMatchObject([{ line: 8, name: "" }]);
});

test("they are listed by file", () => {
  const [one] = linesOf("home/a.py", "a", [range(0, 0, 1)]);
  const [other] = linesOf("home/b.py", "a", [range(0, 0, 1)]);
  if (!one || !other) throw new Error("nothing was found");
  expect(byFile([one, other, one], (path) => path.slice(5))).toEqual([
    ["a.py", [one, one]],
    ["b.py", [other]],
  ]);
});
