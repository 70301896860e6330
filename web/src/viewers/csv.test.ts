import { describe, expect, it } from "vitest";
import { parseCsv, separatorOf } from "./csv";

describe("a table", () => {
  it("is read as spreadsheets write it", () => {
    expect(parseCsv('\uFEFF이름,"a ""b"", c"\r\n1,"two\nlines"\r\n', 9)).toEqual([
      ["이름", 'a "b", c'],
      ["1", "two\nlines"],
    ]);
    expect(parseCsv("a;b\n;\n", 9)).toEqual([
      ["a", "b"],
      ["", ""],
    ]);
    expect(separatorOf('"a,b,c"\td\te\n')).toBe("\t");
    expect(parseCsv("", 9)).toEqual([]);
    expect(parseCsv("a\nb\nc", 2)).toEqual([["a"], ["b"]]);
    expect(parseCsv('a,"open', 9)).toEqual([["a", "open"]]);
  });

  /** Written by the rules and read again, whatever is in it: 500 tables from a fixed seed. */
  it("is the same once it was written and read", () => {
    let seed = 42;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    const pieces = ["a", "가", '"', ",", ";", "\t", "\n", "\r\n", " ", "😀", ""];
    const field = () => Array.from({ length: random(6) }, () => pieces[random(pieces.length)]).join("");
    for (let round = 0; round < 500; round++) {
      const width = 1 + random(4);
      const table = Array.from({ length: 1 + random(5) }, () => Array.from({ length: width }, field));
      // An empty line and a row of one empty field are the same text.
      if (width === 1) for (const row of table) row[0] ||= "x";
      const text = table
        .map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(","))
        .join("\r\n");
      expect(parseCsv(text, 99, ",")).toEqual(table);
    }
  });
});
