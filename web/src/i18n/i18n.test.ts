import { describe, expect, it } from "vitest";
import { chooseLang, fill } from ".";
import { en } from "./en";
import { ko } from "./ko";

describe("languages", () => {
  it("prefers the cookie, then the browser's list, then English", () => {
    expect(chooseLang("a=b; maru_lang=ko", ["en-US"])).toBe("ko");
    expect(chooseLang("", ["fr", "ko-KR", "en"])).toBe("ko");
    expect(chooseLang("", ["en-GB", "ko"])).toBe("en");
    expect(chooseLang("maru_lang=xx", ["fr"])).toBe("en");
  });

  it("has every text in both, with the same values to fill in", () => {
    const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort();
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(ko[key], key).not.toBe("");
      expect(holes(ko[key]), key).toEqual(holes(en[key]));
    }
  });

  it("fills values in, and leaves alone what it was not given", () => {
    expect(fill("{a} and {b}", { a: 1 })).toBe("1 and {b}");
  });
});
