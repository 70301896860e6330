import { describe, expect, it } from "vitest";
import { matchText, parsePlace } from "./match";

const best = (query: string, texts: string[]) =>
  texts
    .map((text) => ({ text, match: matchText(query, text) }))
    .filter(({ match }) => match !== null)
    .sort((a, b) => (b.match?.score ?? 0) - (a.match?.score ?? 0))[0]?.text;

describe("what is typed", () => {
  it("is found by letters in order, starts of words first", () => {
    expect(best("nt", ["Point", "New terminal", "Environment"])).toBe("New terminal");
    expect(best("save all", ["Editor: Save all", "Editor: Save"])).toBe("Editor: Save all");
    expect(matchText("xyz", "New terminal")).toBeNull();
    expect(matchText("ter new", "New terminal")?.at).toEqual([0, 1, 2, 4, 5, 6]);
  });

  it("is found in Korean by first sounds and by half a syllable", () => {
    expect(matchText("ㅁㄹ", "명령 팔레트")?.at).toEqual([0, 1]);
    expect(matchText("터미", "새 터미널")?.at).toEqual([2, 3]);
    expect(matchText("저자", "저장")?.at).toEqual([0, 1]);
    expect(matchText("ㅋ", "저장")).toBeNull();
  });

  it("matches everything where nothing is typed", () => {
    expect(matchText("", "anything")?.at).toEqual([]);
  });
});

describe("a place", () => {
  it("is a path, a line and a column", () => {
    expect(parsePlace("web/app.py")).toEqual({ path: "web/app.py" });
    expect(parsePlace("web/app.py:12")).toEqual({ path: "web/app.py", line: 12 });
    expect(parsePlace("web/app.py:12:3")).toEqual({ path: "web/app.py", line: 12, column: 3 });
    expect(parsePlace("web/app.py:12:")).toEqual({ path: "web/app.py", line: 12 });
    expect(parsePlace(":7")).toEqual({ path: "", line: 7 });
    expect(parsePlace("a:b.txt")).toEqual({ path: "a:b.txt" });
  });
});
