import { describe, expect, it } from "vitest";
import { lineOf } from "../languages/log";
import { deployText } from "./deploy";
import { append, KEPT_CHARS, texts } from "./state";

describe("output", () => {
  it("keeps the end of what each said, in whole lines", () => {
    append("python", "first");
    append("go", "other");
    for (let line = 0; line < 2000; line++) append("python", `line ${line} ${"x".repeat(50)}`);
    const text = texts.value.get("python") ?? "";
    expect(text.length).toBeLessThanOrEqual(KEPT_CHARS);
    expect(text).toMatch(/^line \d+ x+\n/);
    expect(text).toMatch(/line 1999 x+\n$/);
    expect(texts.value.get("go")).toBe("other\n");
  });

  it("tells a Deploy step by step", () => {
    const text = deployText({
      id: "1",
      state: "failed",
      steps: [
        {
          name: "commit",
          state: "succeeded",
          started_at: "2026-01-01T00:00:00Z",
          finished_at: "2026-01-01T00:00:02Z",
          detail: "abc",
        },
        {
          name: "build",
          state: "failed",
          started_at: "2026-01-01T00:00:02Z",
          builds: [{ id: "b", repository: "web", number: 3 }],
          diagnostics: [
            {
              severity: "error",
              code: "copy_missing",
              message: "no such file",
              file: "web/Dockerfile",
              line: 2,
            },
          ],
        },
        { name: "refresh", state: "pending" },
      ],
    });
    expect(text.split("\n").map((line) => line.trim().replace(/^[\d: –APM]+/, ""))).toEqual([
      "Commit: done",
      "abc",
      "Build images: failed",
      "Build: web #3",
      "web/Dockerfile:2: Error: no such file [copy_missing]",
    ]);
  });

  it("hears of a language server what is meant for people", () => {
    const said = (method: string, type: number) => lineOf({ method, params: { type, message: "x" } });
    expect([said("window/logMessage", 4), said("window/showMessage", 1), said("other", 1)]).toEqual([
      "x",
      "error: x",
      null,
    ]);
    expect(lineOf({ method: "window/logMessage" })).toBeNull();
  });
});
