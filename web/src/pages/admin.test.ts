import { describe, expect, it } from "vitest";
import { itemsOf, matches } from "./admin";

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
});
