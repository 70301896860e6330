import { EditorState } from "@codemirror/state";
import { expect, test } from "vitest";
import { formatJson } from "./formatting";
import { languageOf } from "./languages";
import { symbolsOf } from "./symbols";

async function outline(path: string, doc: string): Promise<string[]> {
  const language = await languageOf(path)?.load();
  const state = EditorState.create({ doc, extensions: language ?? [] });
  return symbolsOf(state, path).map(({ name, line, depth }) => `${"  ".repeat(depth)}${name}:${line}`);
}

test.each([
  ["a.py", "class A:\n    def b(self):\n        pass\n\ndef c():\n    x = 1\n", ["A:1", "  b:2", "c:5"]],
  [
    "a.ts",
    "interface I { x: number }\nclass A {\n  b() {}\n}\nconst f = () => 1;\nconst y = 2;\nfunction g() {}\n",
    ["I:1", "A:2", "  b:3", "f:5", "g:7"],
  ],
  ["A.java", "class A {\n  A() {}\n  int b() { return 1; }\n}\n", ["A:1", "  A:2", "  b:3"]],
  ["a.go", "package a\ntype T struct{}\nfunc (t T) M() {}\nfunc F() {}\n", ["T:2", "M:3", "F:4"]],
  ["a.rs", "struct S;\nimpl S {\n  fn m() {}\n}\n", ["S:1", "S:2", "  m:3"]],
  ["a.c", "struct s { int a; };\nint main(void) { return 0; }\n", ["s:1", "main:2"]],
  ["a.md", "# One\n\ntext\n\n## Two\n", ["One:1", "  Two:5"]],
  ["a.yaml", "kind: Pod\nspec:\n  containers:\n    - name: x\n", ["kind:1", "spec:2", "  containers:3"]],
  ["a.json", '{"a": {"b": 1}, "c": [{"d": 2}]}', ["a:1", "  b:1", "c:1", "  d:1"]],
  ["a.css", "body { color: red }\n.x { top: 0 }\n", ["body:1", ".x:2"]],
  ["run.sh", "start() {\n  echo\n}\n", ["start:1"]],
  ["Dockerfile", "FROM a AS b\nRUN x\nFROM c\n", ["a AS b:1", "c:3"]],
  ["a.txt", "nothing\n", []],
])("%s has an outline", async (path, doc, expected) => {
  expect(await outline(path, doc)).toEqual(expected);
});

test("JSON is written anew, or left where it is none", () => {
  expect(formatJson('{"b":[1,{"a":"글"}]}', "  ")).toBe(
    '{\n  "b": [\n    1,\n    {\n      "a": "글"\n    }\n  ]\n}\n',
  );
  expect(formatJson("{", "  ")).toBeNull();
});
