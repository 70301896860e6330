import { describe, expect, it } from "vitest";
import { badgeOf, detailOf, labelOf } from "./labels";

const nothing = { command: null, cwd: null, last_exit_code: null, title: null };
const unnamed = { name: "1", number: 1 };

describe("a terminal's tab", () => {
  it("says what runs, else where it is, else nothing but its number", () => {
    const at = (cwd: string) => labelOf(unnamed, { ...nothing, cwd });
    expect(labelOf(unnamed, nothing)).toBeNull();
    expect(at("/home/student")).toBe("~");
    expect(at("/home/student/guestbook")).toBe("guestbook");
    expect(at("/home/students")).toBe("students");
    expect(at("/")).toBe("/");
    expect(at("/tmp/한글 폴더")).toBe("한글 폴더");
    const runs = (command: string) => labelOf(unnamed, { ...nothing, command, cwd: "/tmp" });
    expect(runs("/usr/bin/python3 app.py")).toBe("python3 app.py");
    expect(runs("vim")).toBe("vim");
    expect(runs(`make ${"가".repeat(40)}`)).toBe(`make ${"가".repeat(22)}…`);
  });

  it("keeps a name that somebody gave", () => {
    expect(labelOf({ name: "npm run dev", number: 2 }, { ...nothing, command: "node" })).toBe("npm run dev");
  });

  it("shows a code that means something", () => {
    const last = (last_exit_code: number | null, command: string | null = null) =>
      badgeOf({ ...nothing, last_exit_code, command }, null);
    expect([last(null), last(0), last(130), last(1), last(137)]).toEqual([null, null, null, 1, 137]);
    expect(last(1, "make")).toBeNull();
    expect(badgeOf({ ...nothing, last_exit_code: 1 }, 0)).toBe(0);
  });

  it("tells all it knows in its tooltip", () => {
    expect(detailOf({ ...nothing, command: "vim a", cwd: "/home/student/x", title: "VIM" })).toBe(
      "VIM — vim a — ~/x",
    );
    expect(detailOf(nothing)).toBe("");
  });
});
