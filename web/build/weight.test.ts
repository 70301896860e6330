import { expect, test } from "vitest";
import { filesOf } from "./weight";

test("counts what a chunk needs, each file once, and nothing that is loaded later", () => {
  const chunk = (fileName: string, imports: string[], css: string[] = []) =>
    [fileName, { fileName, imports, css }] as const;
  const chunks = new Map([
    chunk("index.js", ["a.js", "b.js"], ["index.css"]),
    chunk("a.js", ["b.js"]),
    chunk("b.js", ["a.js"], ["b.css"]),
    chunk("later.js", ["b.js"], ["later.css"]),
  ]);
  expect(filesOf("index.js", chunks).sort()).toEqual(["a.js", "b.css", "b.js", "index.css", "index.js"]);
});
