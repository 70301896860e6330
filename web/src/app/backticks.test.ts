import { expect, test } from "vitest";
import { piecesOf } from "./backticks";

test("what stands between backticks is code", () => {
  expect(piecesOf("Write `ports:` where it says `prots:`")).toEqual([
    { text: "Write ", code: false },
    { text: "ports:", code: true },
    { text: " where it says ", code: false },
    { text: "prots:", code: true },
  ]);
  expect(piecesOf("`prots` 를 `ports` 로")[0]).toEqual({ text: "prots", code: true });
});

test("all else stays as it is", () => {
  for (const text of ["no code", "one ` alone", "empty ``", "a ` over\ntwo ` lines"])
    expect(piecesOf(text)).toEqual([{ text, code: false }]);
  expect(piecesOf("")).toEqual([]);
});
