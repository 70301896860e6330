import { describe, expect, it } from "vitest";
import { isUseful, itemsOf, localTime, matches } from "./admin";

describe("the admin's table", () => {
  it("finds rows that have every word", () => {
    expect(matches("mina 김미나 student", "미나 stu")).toBe(true);
    expect(matches("mina 김미나 student", "admin")).toBe(false);
    expect(matches("anything", "")).toBe(true);
  });

  it("reads a page of a list, or a whole list", () => {
    const row = { id: "w", state: "ready" };
    expect(itemsOf([row])).toEqual([row]);
    expect(itemsOf({ workspaces: [row], next: null })).toEqual([row]);
    expect(itemsOf(null)).toEqual([]);
  });

  it("offers a way out in every state", () => {
    for (const state of ["none", "stopped", "queued", "starting", "ready", "stopping", "failed"]) {
      const ops = ["start", "stop", "restart", "keep", "cancel", "force"].filter((op) => isUseful(op, state));
      expect(ops.length, state).toBeGreaterThan(0);
    }
    expect(isUseful("delete", "ready")).toBe(false);
  });

  it("shows times in the reader's own time", () => {
    const time = new Date("2026-11-24T09:05:30Z");
    expect(new Date(localTime(time)).getTime()).toBe(time.getTime() - 30_000);
  });
});
