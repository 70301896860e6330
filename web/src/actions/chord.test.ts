import { describe, expect, it } from "vitest";
import { chordKeys, chordOf, chordText, type Pressed, parseChord, sameChord } from "./chord";

const pressed = (part: Partial<Pressed>): Pressed => ({
  key: "",
  code: "",
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  metaKey: false,
  ...part,
});

describe("chords", () => {
  it("are written as they are read", () => {
    for (const text of ["Ctrl+Shift+P", "F1", "Ctrl+`", "Alt+ArrowUp", "Ctrl+Alt+\\"]) {
      const chord = parseChord(text);
      expect(chord && chordText(chord)).toBe(text);
    }
    expect(parseChord("")).toBeNull();
  });

  it("are found in what was pressed, whichever letters the keyboard gives", () => {
    const save = parseChord("Ctrl+S");
    const says = (part: Partial<Pressed>) => {
      const chord = chordOf(pressed(part), false);
      return chord !== null && save !== null && sameChord(chord, save);
    };
    expect(says({ key: "s", code: "KeyS", ctrlKey: true })).toBe(true);
    expect(says({ key: "ㄴ", code: "KeyS", ctrlKey: true })).toBe(true);
    expect(says({ key: "Process", code: "KeyS", ctrlKey: true })).toBe(true);
    // Dvorak: the key with S on it is where O is elsewhere.
    expect(says({ key: "s", code: "Semicolon", ctrlKey: true })).toBe(true);
    expect(says({ key: "s", code: "KeyS", ctrlKey: true, shiftKey: true })).toBe(false);
    expect(says({ key: "s", code: "KeyS", metaKey: true })).toBe(false);
  });

  it("go by place for signs that Shift changes", () => {
    const chord = chordOf(pressed({ key: "~", code: "Backquote", ctrlKey: true, shiftKey: true }), false);
    expect(chord && chordText(chord)).toBe("Ctrl+Shift+`");
    expect(chordOf(pressed({ key: "Control", code: "ControlLeft", ctrlKey: true }), false)).toBeNull();
  });

  it("are Command on a Mac", () => {
    expect(chordOf(pressed({ key: "p", code: "KeyP", metaKey: true }), true)?.ctrl).toBe(true);
    expect(chordKeys("Ctrl+Shift+P", true)).toEqual(["⇧", "⌘", "P"]);
    expect(chordKeys("Ctrl+Shift+P", false)).toEqual(["Ctrl", "Shift", "P"]);
  });
});
