import { describe, expect, it } from "vitest";
import { change, DEFAULTS, readSettings, settings, zoom } from "./state";

describe("settings", () => {
  it("take only what fits from what was stored", () => {
    expect(readSettings({})).toEqual(DEFAULTS);
    const stored = { editorFont: 400, wrap: "yes", autosave: true, other: 1 };
    expect(readSettings(stored)).toEqual({ ...DEFAULTS, editorFont: 28, autosave: true });
  });

  it("change at once, and letters within reason", () => {
    change({ wrap: true });
    expect(settings.value.wrap).toBe(true);
    zoom(-100);
    expect([settings.value.editorFont, settings.value.terminalFont]).toEqual([9, 9]);
  });
});
