import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { countdown } from "./Banner";
import { newest } from "./NoticeBanner";
import { isUse, noteKey, readyCount, take, toneOf, workspace } from "./state";
import { detail, percent } from "./UsageMeter";

describe("the workspace's state", () => {
  beforeEach(() => {
    workspace.value = null;
    readyCount.value = 0;
  });

  it("counts each time it becomes ready, not each time it says so", () => {
    take({ id: "w", state: "starting" });
    take({ id: "w", state: "ready", started_at: "a" });
    take({ id: "w", state: "ready", started_at: "a" });
    expect(readyCount.value).toBe(1);
    take({ id: "w", state: "stopping", started_at: "a" });
    take({ id: "w", state: "ready", started_at: "b" });
    expect(readyCount.value).toBe(2);
  });

  it("notices a restart that nobody saw", () => {
    take({ id: "w", state: "ready", started_at: "a" });
    take({ id: "w", state: "ready", started_at: "b" });
    expect(readyCount.value).toBe(2);
  });

  it("has a colour for each state", () => {
    expect([
      toneOf("ready"),
      toneOf("failed"),
      toneOf("stopped"),
      toneOf("queued"),
      toneOf(undefined),
    ]).toEqual(["good", "bad", "", "busy", "busy"]);
  });
});

describe("keys in the page", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("are told once a minute, at once before a stop, and never of what does not run", () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", (url: string) => {
      asked.push(url);
      return Promise.resolve(new Response(null, { status: 204 }));
    });
    take({ id: "w", state: "stopped" });
    expect(noteKey(1_000_000)).toBe(false);
    take({ id: "w", state: "ready" });
    expect([noteKey(1_000_000), noteKey(1_059_999), noteKey(1_060_000)]).toEqual([true, false, true]);
    take({ id: "w", state: "ready", idle_stop_at: "2026-11-24T09:00:00Z" });
    expect(noteKey(1_060_001)).toBe(true);
    expect(workspace.value?.idle_stop_at).toBe(null);
    expect(noteKey(1_060_002)).toBe(false);
    expect(new Set(asked)).toEqual(new Set(["/api/v1/workspace/activity"]));
    expect(asked.length).toBe(3);
  });
});

describe("a key", () => {
  const pressed = (key: string, place: string) => {
    document.body.innerHTML = `<button></button><div class="xterm"><textarea></textarea></div><div class="cm-editor"><p></p></div>`;
    return isUse({ key, target: document.querySelector(place) });
  };

  it("that presses a button is as a click, of which the button makes what it is", () => {
    expect([pressed("Enter", "button"), pressed(" ", "button"), pressed("Enter", "textarea")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("that only moves the focus is no use of the workspace, but where programs and texts take it", () => {
    for (const key of ["Tab", "Escape", "Shift", "ArrowDown"]) {
      expect([key, pressed(key, "button")]).toEqual([key, false]);
      expect([key, pressed(key, "textarea"), pressed(key, "p")]).toEqual([key, true, true]);
    }
    expect(["a", "Backspace"].map((key) => pressed(key, "button"))).toEqual([true, true]);
  });
});

describe("the banner", () => {
  it("counts down and stops at zero", () => {
    const at = "2026-11-24T09:05:00Z";
    const from = (time: string) => countdown(at, Date.parse(time));
    expect([
      from("2026-11-24T09:00:00Z"),
      from("2026-11-24T09:04:51Z"),
      from("2026-11-24T09:06:00Z"),
    ]).toEqual(["5:00", "0:09", "0:00"]);
  });
});

describe("limits", () => {
  it("are percents of what there may be", () => {
    expect([percent(1, 4), percent(5, 4), percent(3, null), percent(3, 0)]).toEqual([25, 100, null, null]);
    const text = detail({
      memory: 512 << 20,
      memory_limit: 2 * 1024 ** 3,
      cpus: 0.25,
      cpus_limit: null,
      pids: 12,
      pids_limit: 512,
      disk: 1 << 20,
      disk_limit: 1024 ** 3,
      inodes: 10,
      inodes_limit: 1000,
      tmp: 0,
      tmp_limit: 512 << 20,
    });
    for (const part of ["512 MiB", "2 GiB", "12", "1000"]) expect(text).toContain(part);
  });

  it("that were reached are told until closed, and not when they are long past", () => {
    const told = (id: string, at: string) =>
      ({ id, at, kind: "disk_full", text: "", fix: "", count: 1 }) as const;
    const [a, b] = [told("1", "2026-11-24T09:00:00Z"), told("2", "2026-11-24T09:05:00Z")];
    const at = (time: string) => Date.parse(time);
    expect(newest([a, b], "", at("2026-11-24T09:06:00Z"))).toBe(b);
    expect(newest([a, b], "2", at("2026-11-24T09:06:00Z"))).toBe(null);
    expect(newest([a, b], "", at("2026-11-24T09:16:00Z"))).toBe(null);
    expect(newest([], "", 0)).toBe(null);
  });
});
