import { expect, it } from "vitest";
import { arrow, withCtrl } from "./keys";

it("arrows are sent in the form that the program asked for, with Ctrl in a third", () => {
  expect(arrow("ArrowUp", { ctrl: false, application: false })).toBe("\x1b[A");
  expect(arrow("ArrowLeft", { ctrl: false, application: true })).toBe("\x1bOD");
  expect(arrow("ArrowRight", { ctrl: true, application: true })).toBe("\x1b[1;5C");
});

it("a character with Ctrl is a control character, where there is one", () => {
  expect([..."cCzZ["].map(withCtrl)).toEqual(["\x03", "\x03", "\x1a", "\x1a", "\x1b"]);
  expect([..." /?~"].map(withCtrl)).toEqual(["\0", "\x1f", "\x7f", "\x1e"]);
  expect([..."1가\t\x1b"].map(withCtrl)).toEqual(["1", "가", "\t", "\x1b"]);
});
