import { describe, expect, it } from "vitest";
import { excerpt, globOf, patternOf, replaceLines } from "./match";

const pattern = (q: string, regex = false, matchCase = false) => {
  const found = patternOf({ q, regex, matchCase });
  if (!found) throw new Error(q);
  return found;
};

describe("replacing", () => {
  it("changes the chosen lines and nothing else, whatever ends them", () => {
    const text = "one two\r\ntwo\ntwo two\n한 two";
    const all = replaceLines(text, new Set([1, 3]), pattern("two"), "2", false);
    expect(all).toEqual({ text: "one 2\r\ntwo\n2 2\n한 two", lines: 2 });
  });

  it("takes a plain text as it is typed", () => {
    expect(replaceLines("a.b (c)", new Set([1]), pattern("a.b (c)"), "$&$1", false).text).toBe("$&$1");
    expect(replaceLines("axb", new Set([1]), pattern("a.b"), "!", false).lines).toBe(0);
  });

  it("fills groups in, and heeds case where asked", () => {
    const by = replaceLines("get(name)", new Set([1]), pattern("(\\w+)\\((\\w+)\\)", true), "$2.$1", true);
    expect(by.text).toBe("name.get");
    expect(replaceLines("Two two", new Set([1]), pattern("two", false, true), "2", false).text).toBe("Two 2");
  });

  it("knows what the browser can't read", () => {
    expect(patternOf({ q: "(", regex: true, matchCase: false })).toBeNull();
    expect(patternOf({ q: "", regex: false, matchCase: false })).toBeNull();
  });
});

describe("a row", () => {
  it("marks what was found, without indentation", () => {
    expect(excerpt("    const a = 1;", 11, pattern("a"))).toEqual({
      before: "const ",
      hit: "a",
      after: " = 1;",
    });
    // An emoji is one character and two units.
    expect(excerpt("😀 name", 3, pattern("name"))).toEqual({ before: "😀 ", hit: "name", after: "" });
  });

  it("begins near it in a long line", () => {
    const { before, hit } = excerpt(`${"x".repeat(200)}needle`, 201, pattern("needle"));
    expect(before).toBe(`…${"x".repeat(10)}`);
    expect(hit).toBe("needle");
  });
});

describe("globs", () => {
  it("may be several", () => {
    expect(globOf("*.py")).toBe("*.py");
    expect(globOf(" *.py, web/** ,")).toBe("{*.py,web/**}");
    expect(globOf("")).toBe("");
  });
});
