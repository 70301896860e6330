import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../api/types";
import { byFile, countOf, listProblems, type Problem, type Sources } from "./list";

const diagnostic = (file: string | null, line: number, code = "unknown_field"): Diagnostic => ({
  severity: "error",
  code,
  message: `wrong: ${code}`,
  file,
  line,
  column: 3,
});
const mark = (path: string, line: number, severity: Problem["severity"] = "warning"): Problem => ({
  path,
  line,
  column: 1,
  severity,
  message: "unused",
  source: "pylsp",
  diagnostic: null,
});
const nothing: Sources = {
  marked: new Map(),
  checked: null,
  deployed: [],
  isOpen: () => true,
  isManifest: (path) => path.startsWith("guestbook/k8s/"),
  pathOf: (file) => `guestbook/${file}`,
};
const places = (sources: Partial<Sources>) =>
  listProblems({ ...nothing, ...sources }).map(({ path, line, source }) => `${path}:${line} ${source}`);

describe("problems", () => {
  it("are those of the check, and of open texts that it does not read", () => {
    const marked = new Map([
      ["guestbook/k8s/web.yaml", [mark("guestbook/k8s/web.yaml", 4)]],
      ["guestbook/app.py", [mark("guestbook/app.py", 1)]],
      ["guestbook/closed.py", [mark("guestbook/closed.py", 1)]],
    ]);
    const isOpen = (path: string) => !path.includes("closed");
    expect(places({ marked, checked: [diagnostic("k8s/web.yaml", 4)], isOpen })).toEqual([
      "guestbook/k8s/web.yaml:4 unknown_field",
      "guestbook/app.py:1 pylsp",
    ]);
  });

  it("of a Deploy are there until a check says otherwise, those of other files until the next one", () => {
    const deployed = [diagnostic("k8s/web.yaml", 4), diagnostic("web/Dockerfile", 2, "copy_missing")];
    const both = ["guestbook/k8s/web.yaml:4 unknown_field", "guestbook/web/Dockerfile:2 copy_missing"];
    expect(places({ deployed })).toEqual(both);
    expect(places({ deployed, checked: [] })).toEqual(both.slice(1));
    expect(places({ deployed, checked: [diagnostic("k8s/web.yaml", 4)] })).toEqual(both);
  });

  it("may be of no file", () => {
    expect(places({ deployed: [diagnostic(null, 0, "no_manifests")] })).toEqual([":0 no_manifests"]);
  });

  it("come by file, the worst first, and are counted", () => {
    const all = [mark("a.py", 9), mark("b.py", 2, "error"), mark("b.py", 1), mark("c.py", 1, "info")];
    expect(byFile(all).map(([path, list]) => [path, list.map(({ line }) => line)])).toEqual([
      ["b.py", [1, 2]],
      ["a.py", [9]],
      ["c.py", [1]],
    ]);
    expect(countOf(all)).toEqual({ errors: 1, warnings: 2, notes: 1 });
  });
});
