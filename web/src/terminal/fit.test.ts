import { describe, expect, it } from "vitest";
import { fontFor, roomFor, same } from "./fit";

const cell = { width: 8, height: 16 };

describe("a terminal in its pane", () => {
  it("has as many cells as there is room for, beside the scroll bar", () => {
    expect(roomFor({ width: 814, height: 400 }, cell)).toEqual({ cols: 100, rows: 25 });
    expect(roomFor({ width: 821, height: 415 }, cell)).toEqual({ cols: 100, rows: 25 });
    expect(roomFor({ width: 3, height: 2 }, cell)).toEqual({ cols: 2, rows: 1 });
  });

  it("keeps its font where another window's size fits, and shrinks it where that is larger", () => {
    const pane = { width: 814, height: 400 };
    expect(fontFor({ cols: 80, rows: 20 }, pane, cell, 13)).toBe(13);
    expect(fontFor({ cols: 100, rows: 25 }, pane, cell, 13)).toBe(13);
    for (const size of [
      { cols: 200, rows: 25 },
      { cols: 100, rows: 50 },
    ]) {
      const font = fontFor(size, pane, cell, 13);
      expect(font).toBeLessThanOrEqual(6.5);
      expect(font).toBeGreaterThan(6);
    }
    expect(fontFor({ cols: 1000, rows: 500 }, pane, cell, 13)).toBe(4);
  });

  it("tells sizes apart", () => {
    expect(same({ cols: 1, rows: 2 }, { cols: 1, rows: 2 })).toBe(true);
    expect(same({ cols: 1, rows: 2 }, { cols: 1, rows: 3 })).toBe(false);
    expect(same(null, null)).toBe(false);
  });
});
