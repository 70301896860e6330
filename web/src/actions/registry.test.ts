import { beforeEach, describe, expect, it } from "vitest";
import { parseChord } from "./chord";
import { actionFor, changeKeys, clashesOf, hintOf, keysOf, register, runById } from "./registry";

const chord = (text: string) => parseChord(text) as NonNullable<ReturnType<typeof parseChord>>;
let done: string[] = [];

beforeEach(() => {
  done = [];
  register(
    { id: "a", title: "app.close", group: "app.title", keys: ["Ctrl+1", "F9"], run: () => done.push("a") },
    {
      id: "b",
      title: "app.close",
      group: "app.title",
      keys: ["Ctrl+2"],
      run: () => done.push("b"),
      when: () => false,
    },
    {
      id: "c",
      title: "app.close",
      group: "app.title",
      keys: ["Ctrl+3"],
      run: () => done.push("c"),
      overTerminal: true,
    },
    { id: "d", title: "app.close", group: "app.title", keys: ["Ctrl+4"], run: () => 0, builtIn: true },
  );
  for (const id of ["a", "b", "c", "d"]) changeKeys(id, null);
});

describe("the registry", () => {
  it("finds what keys do, where it is possible", () => {
    expect(actionFor(chord("F9"), false)?.id).toBe("a");
    expect(actionFor(chord("Ctrl+2"), false)).toBeUndefined();
    expect(actionFor(chord("Ctrl+4"), false)).toBeUndefined();
    runById("a");
    runById("b");
    expect(done).toEqual(["a"]);
  });

  it("leaves a terminal its keys", () => {
    expect(actionFor(chord("Ctrl+1"), true)).toBeUndefined();
    expect(actionFor(chord("Ctrl+3"), true)?.id).toBe("c");
  });

  it("keeps what a user changed, and takes it back", () => {
    changeKeys("a", ["Ctrl+3"]);
    expect(hintOf("a")).toBe("Ctrl+3");
    expect(actionFor(chord("F9"), false)).toBeUndefined();
    expect(clashesOf("a", "Ctrl+3").map(({ id }) => id)).toEqual(["c"]);
    expect(JSON.parse(localStorage.getItem("maru.keys") ?? "")).toEqual({ a: ["Ctrl+3"] });
    changeKeys("a", []);
    expect(hintOf("a")).toBeUndefined();
    changeKeys("a", null);
    expect(keysOf({ id: "a", title: "app.close", group: "app.title", keys: ["F9"], run: () => 0 })).toEqual([
      "F9",
    ]);
  });
});
