import { expect, test } from "vitest";
import type { Diagnostic } from "../api/types";
import { bySeverity } from "./severity";

const found = (severity: Diagnostic["severity"], code: string): Diagnostic => ({
  severity,
  code,
  message: code,
});

test("what stops a Deploy is seen first, notes are apart", () => {
  const all = [
    found("info", "a"),
    found("warning", "b"),
    found("error", "c"),
    found("info", "d"),
    found("error", "e"),
  ];
  const { shown, notes } = bySeverity(all);
  expect(shown.map(({ code }) => code)).toEqual(["c", "e", "b"]);
  expect(notes.map(({ code }) => code)).toEqual(["a", "d"]);
});
