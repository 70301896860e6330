import { describe, expect, it } from "vitest";
import type { Entry } from "../api/types";
import {
  canMove,
  copyName,
  isGoodName,
  isWithin,
  movedPath,
  parentOf,
  sortEntries,
  staleFolders,
  visibleRows,
} from "./tree";
import { windowOf } from "./window";

const entry = (name: string, kind: Entry["kind"] = "file"): Entry => ({ name, kind, size: 0 });

describe("the tree", () => {
  it("puts folders first and counts as people do", () => {
    const sorted = sortEntries([entry("b10"), entry("b2"), entry(".git", "folder"), entry("z", "folder")]);
    expect(sorted.map(({ name }) => name)).toEqual(["z", "b2", "b10"]);
  });

  it("shows what lies in open folders only, with positions for screen readers", () => {
    const folders = new Map([
      ["p", [entry("k8s", "folder"), entry("web", "folder"), entry("README.md")]],
      ["p/web", [entry("Dockerfile")]],
      ["p/k8s", [entry("app.yaml")]],
    ]);
    const rows = visibleRows(folders, new Set(["p/web"]), "p");
    expect(rows.map(({ path, depth }) => [path, depth])).toEqual([
      ["p/k8s", 0],
      ["p/web", 0],
      ["p/web/Dockerfile", 1],
      ["p/README.md", 0],
    ]);
    expect(rows[1]).toMatchObject({ expanded: true, position: 2, siblings: 3 });
  });

  it("knows parents, insides and moves, and is not fooled by like names", () => {
    expect(parentOf("a/b/c")).toBe("a/b");
    expect(parentOf("a")).toBe("");
    expect(isWithin("ab/c", "a")).toBe(false);
    expect(isWithin("a/c", "a")).toBe(true);
    expect(movedPath("a/x/f", "a/x", "a/y")).toBe("a/y/f");
    expect(movedPath("a/xx", "a/x", "a/y")).toBe("a/xx");
  });

  it("reads again only folders it has read before", () => {
    const known = new Map([
      ["", []],
      ["a", []],
    ]);
    expect(staleFolders(["a/f", "b/f", "a"], known)).toEqual(new Set(["a", ""]));
  });

  it("refuses names that are none", () => {
    expect(["", ".", "..", "a/b"].some(isGoodName)).toBe(false);
    expect(isGoodName("한글 이름.txt")).toBe(true);
  });

  it("draws only what is in view of a long list, and some around it", () => {
    expect(windowOf(200, 0, 500, 26)).toEqual({ from: 0, to: 200 });
    expect(windowOf(10_000, 0, 520, 26)).toEqual({ from: 0, to: 50 });
    expect(windowOf(10_000, 26_000, 520, 26)).toEqual({ from: 970, to: 1050 });
    expect(windowOf(10_000, 1e9, 520, 26)).toEqual({ from: 9969, to: 10_000 });
  });
});

describe("copies and moves", () => {
  it("get a name that is free", () => {
    expect(copyName("app.py", new Set(["app.py"]), "copy")).toBe("app copy.py");
    expect(copyName("app.py", new Set(["app copy.py", "app copy 2.py"]), "copy")).toBe("app copy 3.py");
    expect(copyName(".env", new Set(), "복사본")).toBe(".env 복사본");
    expect(copyName("Dockerfile", new Set(), "copy")).toBe("Dockerfile copy");
  });

  it("go nowhere where that would be no move", () => {
    expect(canMove("p/a", "p/b")).toBe(true);
    expect(canMove("p/b/c", "p")).toBe(true);
    for (const [path, folder] of [
      ["p/a", "p"],
      ["p/a", "p/a"],
      ["p/a", "p/a/b"],
    ] as const)
      expect(canMove(path, folder)).toBe(false);
  });
});
