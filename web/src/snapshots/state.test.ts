import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLang } from "../i18n";
import {
  all,
  busy,
  closeSnapshot,
  opened,
  openFolder,
  openSnapshot,
  refresh,
  restore,
  said,
  take,
} from "./state";

type Answer = [status: number, body: unknown];
let answers: Record<string, () => Answer>;
let asked: string[];

const none = { snapshots: [], busy: null, trouble: null, restored: null, bytes: 0, bytes_limit: 1 };
const snapshot = {
  id: "s1",
  taken_at: "2026-11-28T10:00:00Z",
  reason: "manual" as const,
  name: null,
  files: 1,
  bytes: 1,
  added_bytes: 1,
  changes: { added: 1, changed: 0, removed: 0 },
  unsettled: 0,
  left_out: 0,
};
const report = {
  files: 2,
  folders: 0,
  links: 0,
  trashed: 0,
  unchanged: 0,
  failed: [],
  disk_full: false,
};

beforeEach(() => {
  setLang("en");
  asked = [];
  answers = { "GET /workspace/snapshots": () => [200, none] };
  vi.stubGlobal("fetch", async (url: string, { method }: RequestInit) => {
    const what = `${method} ${url.replace("/api/v1", "")}`;
    asked.push(what);
    const [status, body] = answers[what]?.() ?? [404, { detail: "not there" }];
    return new Response(JSON.stringify(body), { status });
  });
  all.value = null;
  closeSnapshot();
});
afterEach(() => vi.unstubAllGlobals());

describe("snapshots", () => {
  it("are taken one at a time, and the list is read again", async () => {
    answers["POST /workspace/snapshots"] = () => [201, snapshot];
    const both = [take("a"), take("b")];
    expect(busy.value).toBe(true);
    await Promise.all(both);
    expect(busy.value).toBe(false);
    expect(asked).toEqual(["POST /workspace/snapshots", "GET /workspace/snapshots"]);
    expect(said.value).toEqual({ tone: "good", text: "The snapshot is taken." });
  });

  it("say what went wrong in the server's words", async () => {
    answers["POST /workspace/snapshots"] = () => [507, { detail: "No room.", fix: "Tell them." }];
    await take("");
    expect(said.value).toEqual({ tone: "bad", text: "No room. Tell them." });
    expect(busy.value).toBe(false);
  });

  it("tell the end of a restore that took longer than the request, and of that one only", async () => {
    const earlier = { snapshot: "s0", at: "1", report };
    all.value = { ...none, restored: earlier };
    const going = { restoring: "s1", reason: "restore", done: 1, files: 2 };
    answers["POST /workspace/snapshots/s1/restore"] = () => [202, {}];
    answers["GET /workspace/snapshots"] = () => [200, { ...none, busy: going, restored: earlier }];
    await restore("s1");
    expect([busy.value, said.value]).toEqual([true, null]);
    answers["GET /workspace/snapshots"] = () => [200, { ...none, restored: { ...earlier, at: "2" } }];
    await refresh();
    expect([busy.value, said.value]).toEqual([false, { tone: "good", text: "Restored (files: 2)." }]);
    said.value = null;
    await refresh();
    expect(said.value).toBeNull();
  });

  it("show the folder that was asked for last", async () => {
    const entry = (name: string) => ({
      name,
      path: name,
      kind: "file",
      size: 1,
      modified: null,
      target: null,
    });
    answers["GET /workspace/snapshots/s1"] = () => [
      200,
      { ...snapshot, left_out_paths: [], unsettled_paths: [] },
    ];
    answers["GET /workspace/snapshots/s1/tree/"] = () => [200, { entries: [entry("top")] }];
    answers["GET /workspace/snapshots/s1/tree/a/b"] = () => [200, { entries: [entry("deep")] }];
    await Promise.all([openSnapshot(snapshot), openFolder("a/b")]);
    expect(opened.value?.folder).toBe("a/b");
    expect(opened.value?.entries?.map(({ name }) => name)).toEqual(["deep"]);
    await vi.waitFor(() => expect(opened.value?.details?.left_out_paths).toEqual([]));
  });
});
