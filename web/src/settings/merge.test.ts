import { describe, expect, it } from "vitest";
import { merge, same } from "./merge";

const all = () => true;

describe("settings of two browsers", () => {
  it("keep what each changed", () => {
    const base = { "theme.name": "dark", "editor.wrap": true };
    const local = { "theme.name": "dark", "editor.wrap": true, "layout.files": 300 };
    const remote = { "theme.name": "light", "editor.wrap": true };
    expect(merge(base, local, remote, all)).toEqual({
      "theme.name": "light",
      "editor.wrap": true,
      "layout.files": 300,
    });
  });

  it("are this browser's where both changed one", () => {
    expect(merge({ a: 1 }, { a: 2 }, { a: 3 }, all)).toEqual({ a: 2 });
  });

  it("go back to the default where either took one away", () => {
    expect(merge({ a: 1, b: 1 }, { b: 1 }, { a: 1 }, all)).toEqual({});
  });

  it("are the server's in a browser that has changed nothing yet", () => {
    expect(merge({}, {}, { a: 1 }, all)).toEqual({ a: 1 });
  });

  it("keep what this page does not know", () => {
    expect(merge({ "new.x": 1 }, {}, { "new.x": 1 }, (name) => !name.startsWith("new."))).toEqual({
      "new.x": 1,
    });
  });

  it("are the same in whatever order", () => {
    expect(same({ a: [1, { b: 2, c: undefined }], d: null }, { d: null, a: [1, { b: 2 }] })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same(undefined, "x")).toBe(false);
  });
});
