import { describe, expect, it } from "vitest";
import { homePath, linksIn, localUrl } from "./links";

const files = (text: string) =>
  linksIn(text).map((link) =>
    link.kind === "file" ? [link.path, link.place.line, link.place.column] : link.port,
  );

describe("links in a terminal", () => {
  it("are places as compilers and linters print them", () => {
    expect(files("web/app.py:12:3: E501 line too long")).toEqual([["web/app.py", 12, 3]]);
    expect(files("  at run (/home/student/a/b.js:7:9)")).toEqual([["/home/student/a/b.js", 7, 9]]);
    expect(files('  File "app.py", line 4, in <module>')).toEqual([["app.py", 4, 1]]);
    expect(files("src/main.ts(4,2): error TS2304")).toEqual([["src/main.ts", 4, 2]]);
    expect(files("error in 폴더/한글.txt:3")).toEqual([["폴더/한글.txt", 3, 1]]);
  });

  it("are not times, versions or addresses elsewhere", () => {
    expect(files("12:30:01 done at 10.0.0.1:80")).toEqual([]);
    expect(files("https://example.com:8443/x")).toEqual([]);
    expect(files("Makefile says: 12")).toEqual([]);
  });

  it("are ports of this machine", () => {
    const [link] = linksIn("Serving on 0.0.0.0:8000/docs.");
    expect(link).toEqual({ kind: "local", port: 8000, rest: "/docs", start: 11, length: 18 });
    expect(linksIn("localhost:99999")).toEqual([]);
    expect(localUrl("http://localhost:3000/a?b#c")).toEqual({ port: 3000, rest: "/a?b#c" });
    expect(localUrl("http://example.com:3000/")).toBeNull();
  });

  it("lead into the home folder", () => {
    expect(homePath("web/app.py", "/home/student/guestbook")).toBe("guestbook/web/app.py");
    expect(homePath("../x.py", "/home/student/guestbook/web")).toBe("guestbook/x.py");
    expect(homePath("~/a.txt", "/tmp")).toBe("a.txt");
    expect(homePath("/usr/lib/python3/x.py", "/home/student")).toBeNull();
  });
});
