import { expect, test } from "vitest";
import { type Choice, chosen, parseConflicts } from "./conflicts";

const TEXT = [
  "one",
  "<<<<<<< HEAD",
  "mine",
  "||||||| 1234567",
  "before",
  "=======",
  "theirs",
  "and more",
  ">>>>>>> feature/x",
  "two",
  "<<<<<<< HEAD",
  "=======",
  "added",
  ">>>>>>> feature/x",
].join("\n");

const settle = (text: string, choice: Choice): string =>
  parseConflicts(text).reduceRight(
    (now, conflict) => now.slice(0, conflict.from) + chosen(conflict, choice) + now.slice(conflict.to),
    text,
  );

test("each side is found with its name, also where it is empty, and the version before is left out", () => {
  const [first, second, ...more] = parseConflicts(TEXT);
  expect(more).toEqual([]);
  expect(first?.ours).toMatchObject({ name: "HEAD", text: "mine\n" });
  expect(first?.theirs).toMatchObject({ name: "feature/x", text: "theirs\nand more\n" });
  expect(second?.ours.text).toBe("");
  expect(second?.theirs.text).toBe("added\n");
});

test("a choice leaves the lines around alone", () => {
  expect(settle(TEXT, "ours")).toBe("one\nmine\ntwo\n");
  expect(settle(TEXT, "theirs")).toBe("one\ntheirs\nand more\ntwo\nadded\n");
  expect(settle(TEXT, "both")).toBe("one\nmine\ntheirs\nand more\ntwo\nadded\n");
});

test("lines of Windows are kept as they are", () => {
  const text = "<<<<<<< HEAD\r\na\r\n=======\r\nb\r\n>>>>>>> x\r\nend\r\n";
  expect(settle(text, "both")).toBe("a\r\nb\r\nend\r\n");
});

test("marks that do not belong together are text", () => {
  expect(parseConflicts("<<<<<<< HEAD\na\n")).toEqual([]);
  expect(parseConflicts("=======\n>>>>>>> x\n")).toEqual([]);
  expect(parseConflicts("Title\n=======\ntext")).toEqual([]);
  expect(parseConflicts("<<<<<<< a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n")).toHaveLength(1);
});
