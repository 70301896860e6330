import { describe, expect, it } from "vitest";
import { hexRows, windowText } from "./bytes";

describe("windows into files", () => {
  it("show bytes in rows", () => {
    const bytes = Uint8Array.from({ length: 18 }, (_, index) => index + 60);
    expect(hexRows(bytes, 32)).toEqual(
      [
        { at: "00000020", hex: "3c 3d 3e 3f 40 41 42 43  44 45 46 47 48 49 4a 4b", text: "<=>?@ABCDEFGHIJK" },
        { at: "00000030", hex: `4c 4d${" ".repeat(43)}`, text: "LM" },
      ].map((row) => ({ ...row, hex: row.hex.padEnd(48) })),
    );
  });

  it("cut no character in two, wherever they begin and end", () => {
    const whole = new TextEncoder().encode("가나다 abc 😀 라");
    for (let cut = 0; cut <= whole.length; cut++) {
      expect(windowText(whole.subarray(0, cut))).not.toContain("\uFFFD");
      expect(windowText(whole.subarray(cut))).not.toContain("\uFFFD");
    }
  });
});
