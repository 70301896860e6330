import { expect, test } from "vitest";
import { changedPart } from "./formatting";
import { prettierKnows, prettify } from "./prettier";

const formatted = async (language: string, text: string, indent = "  ") => {
  const made = await prettify(language, text, indent);
  return made.trouble === null ? made.text : made.trouble;
};

test("each language is formatted, with the indentation that the file has", async () => {
  expect(await formatted("JavaScript", "if(a){b( 1,2 )}")).toBe("if (a) {\n  b(1, 2);\n}\n");
  expect(await formatted("TypeScript", "const a:number=1", "\t")).toBe("const a: number = 1;\n");
  expect(await formatted("TypeScript JSX", "const a=<b c={1 as number}/>")).toBe(
    "const a = <b c={1 as number} />;\n",
  );
  expect(await formatted("CSS", "a{b:c}", "    ")).toBe("a {\n    b: c;\n}\n");
  expect(await formatted("HTML", "<p>a<script>b( )</script><style>a{b:c}</style>")).toContain("b();");
  expect(await formatted("Vue", "<template><p/></template><script>a( )</script>")).toContain("a();");
  expect(await formatted("YAML", "a:   1\nb:\n    - c\n")).toBe("a: 1\nb:\n  - c\n");
  expect(await formatted("Markdown", "*  a\n*  b\n")).toBe("- a\n- b\n");
});

test("what cannot be read is told with its line", async () => {
  expect(await formatted("JavaScript", "a;\nb(;\n")).toMatchObject({ line: 2 });
  expect(await formatted("YAML", "a: [1\nb: 2\n")).toMatchObject({ line: expect.any(Number) });
});

test("other languages are somebody else's", () => {
  expect(["Python", "Go", "Dockerfile", ""].some(prettierKnows)).toBe(false);
});

test("only the part that differs is changed", () => {
  const part = (before: string, after: string) => {
    const { from, to, insert } = changedPart(before, after);
    expect(before.slice(0, from) + insert + before.slice(to)).toBe(after);
    return [from, to, insert];
  };
  expect(part("a  b c", "a b c")).toEqual([2, 3, ""]);
  expect(part("aaa", "aa")).toEqual([2, 3, ""]);
  expect(part("", "x")).toEqual([0, 0, "x"]);
  expect(part("same", "same")).toEqual([4, 4, ""]);
});
