import { describe, expect, it } from "vitest";
import { countsOf, hunkPatch, newFilePatch, parsePatch } from "./patch";

const PATCH = `diff --git a/web/app.py b/web/app.py
index 1111111..2222222 100644
--- a/web/app.py
+++ b/web/app.py
@@ -1,3 +1,4 @@
 import os
+import sys
 
 x = 1
@@ -10,3 +11,2 @@ def main():
     a = 1
-    b = 2
     return a
\\ No newline at end of file
diff --git a/한글 이름.txt b/한글 이름.txt
new file mode 100644
index 0000000..3333333
--- /dev/null
+++ b/한글 이름.txt
@@ -0,0 +1 @@
+@@ not a hunk
diff --git a/logo.png b/logo.png
index 4444444..5555555 100644
Binary files a/logo.png and b/logo.png differ
diff --git a/old.txt b/new.txt
similarity index 100%
rename from old.txt
rename to new.txt
`;

describe("a patch", () => {
  const files = parsePatch(PATCH);

  it("is read into its files", () => {
    expect(files.map(({ path, from, binary }) => [path, from, binary])).toEqual([
      ["web/app.py", null, false],
      ["한글 이름.txt", null, false],
      ["logo.png", null, true],
      ["new.txt", "old.txt", false],
    ]);
  });

  it("knows the lines of both sides", () => {
    const [one, two] = files[0]?.hunks ?? [];
    expect(one?.lines.map(({ kind, old, now }) => [kind, old, now])).toEqual([
      ["same", 1, 1],
      ["added", null, 2],
      ["same", 2, 3],
      ["same", 3, 4],
    ]);
    expect(two?.around).toBe("def main():");
    expect(two?.lines.at(-1)?.kind).toBe("note");
    expect(countsOf(files[0] as NonNullable<(typeof files)[0]>)).toEqual({ added: 1, removed: 1 });
  });

  it("gives each hunk as a patch of its own", () => {
    const file = files[0] as NonNullable<(typeof files)[0]>;
    const second = hunkPatch(file, file.hunks[1] as NonNullable<(typeof file.hunks)[0]>);
    expect(second).toContain("--- a/web/app.py\n+++ b/web/app.py\n@@ -10,3 +11,2 @@");
    expect(second).not.toContain("import sys");
    expect(parsePatch(second)[0]?.hunks).toHaveLength(1);
    expect(file.head + file.hunks.map(({ text }) => text).join("")).toBe(
      PATCH.slice(0, PATCH.indexOf("diff --git a/한글")),
    );
  });

  it("takes no line of a file for a hunk's head", () => {
    expect(files[1]?.hunks[0]?.lines.map(({ text }) => text)).toEqual(["@@ not a hunk"]);
  });

  it("shows a new file as all added", () => {
    expect(countsOf(newFilePatch("a", "1\n2\n"))).toEqual({ added: 2, removed: 0 });
    expect(newFilePatch("a", "").hunks).toEqual([]);
  });
});
