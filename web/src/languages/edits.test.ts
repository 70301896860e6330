import { expect, test } from "vitest";
import { applyTextEdits, changesOf } from "./edits";

const edit = (line: number, from: number, to: number, newText: string) => ({
  range: { start: { line, character: from }, end: { line, character: to } },
  newText,
});

test("edits are made from the end on, whatever the lines end in", () => {
  const edits = [edit(0, 4, 5, "long"), edit(2, 0, 1, "long"), edit(9, 0, 0, "!")];
  expect(applyTextEdits("😀= x\r\n\na()", edits)).toBe("😀= long\r\n\nlong()!");
});

test("both ways of writing them are the same", () => {
  const edits = [edit(0, 0, 1, "b")];
  expect(changesOf({ changes: { "file:///a": edits } })).toEqual({ "file:///a": edits });
  expect(changesOf({ documentChanges: [{ textDocument: { uri: "file:///a" }, edits }, {}] })).toEqual({
    "file:///a": edits,
  });
});
