import { beforeEach, describe, expect, it } from "vitest";
import { decode } from "./decode";
import { difference, indentOf, separatorOf } from "./documents";
import { Journal } from "./journal";
import { languageOf } from "./languages";

const bytes = (...values: number[]) => Uint8Array.from(values);
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("what is text", () => {
  it("keeps every byte of UTF-8, the byte order mark too", () => {
    expect(decode(utf8("\uFEFF안녕\r\n"))).toEqual({
      kind: "text",
      text: "\uFEFF안녕\r\n",
      encoding: "UTF-8",
    });
  });

  it("does not touch what it can't give back", () => {
    expect(decode(bytes(0x89, 0x50, 0, 1)).kind).toBe("binary");
    expect(decode(bytes(0xff, 0xfe, 0x01, 0x41)).kind).toBe("binary");
    expect(decode(bytes(0xb0, 0xa1, 0x01)).kind).toBe("binary");
  });

  it("reads what Korean Windows wrote, and says so", () => {
    expect(decode(bytes(0xb0, 0xa1, 0x0d, 0x0a))).toEqual({
      kind: "text",
      text: "가\r\n",
      encoding: "CP949",
    });
  });

  it("leaves large files to be looked at in windows", () => {
    expect(decode(utf8("the beginning"), 2 * 1024 * 1024 + 1).kind).toBe("large");
  });
});

describe("line ends and indentation", () => {
  it("takes CRLF only where every line has it", () => {
    expect(separatorOf("a\r\nb\r\n")).toBe("\r\n");
    expect(separatorOf("a\r\nb\n")).toBe("\n");
    expect(separatorOf("a\n")).toBe("\n");
    expect(separatorOf("")).toBe("\n");
  });

  it("goes on as the file began", () => {
    expect(indentOf("x.py", "a:\n  b\n")).toBe("  ");
    expect(indentOf("x.ts", "a\n\tb")).toBe("\t");
    expect(indentOf("x.py", "")).toBe("    ");
    expect(indentOf("x.yaml", "")).toBe("  ");
  });
});

describe("difference", () => {
  it("is the one span that changed", () => {
    expect(difference("abc", "abc")).toBeNull();
    expect(difference("hello world", "hello brave world")).toEqual({ from: 6, to: 6, insert: "brave " });
    expect(difference("aaa", "aa")).toEqual({ from: 2, to: 3, insert: "" });
    const { from, to, insert } = difference("one two", "one three") ?? { from: 0, to: 0, insert: "" };
    expect("one two".slice(0, from) + insert + "one two".slice(to)).toBe("one three");
  });
});

describe("Journal", () => {
  beforeEach(() => localStorage.clear());

  it("gives back what was kept, to its owner only", () => {
    const entry = { text: "typed", etag: '"a"', time: 5 };
    new Journal("mina").keep("p/a.txt", entry);
    expect(new Journal("mina").read("p/a.txt")).toEqual(entry);
    expect(new Journal("mina").paths()).toEqual(["p/a.txt"]);
    expect(new Journal("other").read("p/a.txt")).toBeNull();
    new Journal("mina").forget("p/a.txt");
    expect(new Journal("mina").paths()).toEqual([]);
  });

  it("says when there is no room, and survives rubbish", () => {
    const full = {
      setItem() {
        throw new DOMException("full", "QuotaExceededError");
      },
    } as unknown as Storage;
    expect(new Journal("x", full).keep("f", { text: "", etag: null, time: 0 })).toBe(false);
    localStorage.setItem("maru.journal.x.f", "{rubbish");
    expect(new Journal("x").read("f")).toBeNull();
  });
});

describe("languageOf", () => {
  it("goes by the name as well as by its end", () => {
    expect(languageOf("web/Dockerfile")?.name).toBe("Dockerfile");
    expect(languageOf("api/app.py")?.name).toBe("Python");
    expect(languageOf("k8s/app.yaml")?.name).toBe("YAML");
    expect(languageOf("web/nginx.conf")?.name).toBe("nginx");
    expect(languageOf("README")).toBeNull();
  });

  it("loads every language it names", async () => {
    for (const name of ["a.py", "a.tsx", "a.html", "a.css", "a.yml", "a.json", "a.sql", "a.md", "A.java"]) {
      expect(await languageOf(name)?.load(), name).toBeTruthy();
    }
    for (const name of ["a.kt", "a.c", "a.cpp", "a.go", "a.rs", "a.xml", "a.php", "a.vue", "a.rb"]) {
      expect(await languageOf(name)?.load(), name).toBeTruthy();
    }
    for (const name of ["a.sh", "Dockerfile", "a.toml", "nginx.conf", ".env"]) {
      expect(await languageOf(name)?.load(), name).toBeTruthy();
    }
  });
});
