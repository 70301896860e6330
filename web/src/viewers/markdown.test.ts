import { describe, expect, it } from "vitest";
import { linkedPath } from "./markdown";

// What it makes, and that this can do nothing, is tested in a browser (e2e/src/editor.test.ts): the sanitiser needs one.
describe("a link in Markdown", () => {
  it("leads into the workspace and nowhere above it", () => {
    const from = "guestbook/docs/README.md";
    expect(linkedPath(from, "../k8s/web.yaml#L3")).toBe("guestbook/k8s/web.yaml");
    expect(linkedPath(from, "그림%20one.png")).toBe("guestbook/docs/그림 one.png");
    expect(linkedPath(from, "../../../etc/passwd")).toBeNull();
    for (const other of ["https://x.y/a", "//x.y/a", "mailto:a@b", "#there", "", "%E0%A4%A"])
      expect(linkedPath(from, other), other).toBeNull();
  });
});
