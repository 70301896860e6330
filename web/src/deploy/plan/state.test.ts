import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Plan, readPlan } from "../../api/plan";
import { countsOf, isStill, look, plan, trouble } from "./state";

vi.mock("../../api/plan", () => ({ readPlan: vi.fn() }));

const EMPTY: Plan = {
  ok: true,
  commit: { source: { project: "guestbook" }, from_workspace: true, branch: "main", head: "", files: [] },
  images: [],
  compared: true,
  objects: [],
  diagnostics: [],
  parity: [],
};
const object = (change: Plan["objects"][number]["change"]) => ({
  api_version: "v1",
  kind: "Service",
  name: change,
  change,
  file: null,
  line: null,
  replaces_pods: false,
  fields: [],
});

describe("the plan", () => {
  beforeEach(() => {
    plan.value = null;
    vi.mocked(readPlan).mockReset();
  });

  it("is counted", () => {
    const counts = countsOf({
      ...EMPTY,
      images: [
        { repository: "web", context: "web", build: true, why: "changed", changed: [] },
        { repository: "db", context: "db", build: false, why: "unchanged", changed: [] },
      ],
      objects: [object("add"), object("change"), object("same"), object("remove")],
      parity: [{ severity: "warning", code: "x", message: "" }],
    });
    expect(counts).toEqual({ files: 0, builds: 1, adds: 1, changes: 1, removes: 1, errors: 0, warnings: 1 });
    expect(isStill(counts)).toBe(false);
    expect(isStill(countsOf({ ...EMPTY, objects: [object("same")] }))).toBe(true);
  });

  it("is read once more when that was asked for while it was read", async () => {
    let answer: (of: Plan) => void = () => undefined;
    vi.mocked(readPlan).mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    vi.mocked(readPlan).mockResolvedValueOnce({ ...EMPTY, ok: false });
    const first = look();
    await look();
    answer(EMPTY);
    await first;
    expect(readPlan).toHaveBeenCalledTimes(2);
    expect(plan.value?.ok).toBe(false);
  });

  it("keeps the last one where it cannot be read", async () => {
    vi.mocked(readPlan).mockResolvedValueOnce(EMPTY).mockRejectedValueOnce(new Error("away"));
    await look();
    await look();
    expect(plan.value).toBe(EMPTY);
    expect(trouble.value).toContain("away");
  });
});
