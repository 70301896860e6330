import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Deployment, Diagnostic } from "../api/types";
import * as toast from "../app/toast";
import { buffers, EMPTY } from "../editor/buffers";
import * as editor from "../editor/state";
import * as files from "../files/state";
import { firstError, showFailure } from "./place";

const found = (part: Partial<Diagnostic>): Diagnostic => ({
  severity: "error",
  code: "c",
  message: "m",
  ...part,
});
const failed = (...diagnostics: Diagnostic[]): Deployment => ({
  id: "1",
  state: "failed",
  steps: [
    { name: "commit", state: "succeeded" },
    { name: "refresh", state: "failed", diagnostics },
  ],
});
const WEB = found({ file: "k8s/web.yaml", line: 9, column: 3 });

describe("the place of a failure", () => {
  it("is that of the first error", () => {
    const warning = found({ severity: "warning", file: "a.yaml", line: 1 });
    expect(firstError(failed(warning, WEB, found({ file: "b.yaml", line: 2 })))).toMatchObject(WEB);
  });

  it("is none where the error is at no line", () => {
    expect(firstError(failed(found({ file: "Dockerfile" }), WEB))).toBeNull();
    expect(firstError(failed())).toBeNull();
  });
});

describe("a Deploy that has failed", () => {
  const openFile = vi.spyOn(editor, "openFile");
  const say = vi.spyOn(toast, "say");

  beforeEach(() => {
    openFile.mockResolvedValue();
    vi.spyOn(files, "reveal").mockResolvedValue();
  });
  afterEach(() => {
    vi.clearAllMocks();
    buffers.value = [];
    document.body.replaceChildren();
  });

  it("opens its line", () => {
    showFailure(failed(WEB));
    expect(openFile.mock.calls).toEqual([["k8s/web.yaml", { line: 9, column: 3 }]]);
  });

  it("leaves a file alone that is in conflict", () => {
    buffers.value = [{ path: "k8s/web.yaml", ...EMPTY, status: "text", conflict: { etag: '"2"' } }];
    showFailure(failed(WEB));
    expect(openFile).not.toHaveBeenCalled();
  });

  it("offers its line to somebody who writes, whose keys would go on there", () => {
    const text = document.body.appendChild(document.createElement("textarea"));
    text.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
    showFailure(failed(WEB));
    expect(openFile).not.toHaveBeenCalled();
    const action = say.mock.calls[0]?.[2];
    if (action && "run" in action) action.run();
    expect(openFile).toHaveBeenCalledTimes(1);
  });
});
