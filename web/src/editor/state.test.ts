import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Workspace } from "../api/types";
import * as toast from "../app/toast";
import { t } from "../i18n";
import { workspace } from "../workspace/state";
import { replaceText, textOf } from "./documents";
import { Journal } from "./journal";
import * as editor from "./state";

/** A disk with tags, in place of the server: one file per path, its tag a count of its writes. */
class Disk {
  readonly files = new Map<string, { text: string | Uint8Array<ArrayBuffer>; tag: number }>();

  put(path: string, text: string | Uint8Array<ArrayBuffer>): void {
    this.files.set(path, { text, tag: (this.files.get(path)?.tag ?? 0) + 1 });
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const path = decodeURIComponent(url).replace("/api/v1/workspace/files/", "");
    const headers = new Headers(init.headers);
    const now = this.files.get(path);
    const etag = now ? `"${now.tag}"` : null;
    const tagged = (status: number, body: BodyInit | null = null) =>
      new Response(body, {
        status,
        headers: this.files.has(path) ? { ETag: `"${this.files.get(path)?.tag}"` } : {},
      });
    if (init.method === "PUT") {
      const wanted = headers.get("If-Match");
      if ((headers.has("If-None-Match") && now) || (wanted !== null && wanted !== etag))
        return tagged(412, "{}");
      this.put(path, String(init.body));
      return tagged(204);
    }
    if (!now) return new Response(JSON.stringify({ detail: "no such file" }), { status: 404 });
    return headers.get("If-None-Match") === etag ? tagged(304) : tagged(200, now.text);
  };
}

let disk: Disk;
const buffer = (path: string) => editor.buffers.value.find((each) => each.path === path);
const settle = () => new Promise((resolve) => setTimeout(resolve, 10));
let count = 0;
let path = "";

beforeEach(() => {
  localStorage.clear();
  for (const { path: open } of editor.buffers.value) editor.close(open);
  disk = new Disk();
  vi.stubGlobal("fetch", disk.fetch);
  path = `p/file${++count}.txt`;
  disk.put(path, "one\n");
  editor.startEditor("mina");
});

describe("an open file", () => {
  it("is unsaved while it differs from what was saved, and no longer", async () => {
    await editor.openFile(path);
    expect(buffer(path)).toMatchObject({ status: "text", dirty: false, etag: '"1"' });
    replaceText(path, "two\n");
    expect(buffer(path)?.dirty).toBe(true);
    replaceText(path, "one\n");
    expect(buffer(path)?.dirty).toBe(false);
    replaceText(path, "two\n");
    expect(await editor.save(path)).toBe(true);
    expect(buffer(path)).toMatchObject({ dirty: false, etag: '"2"' });
    expect(disk.files.get(path)?.text).toBe("two\n");
  });

  it("keeps CRLF through load and save", async () => {
    disk.put(path, "a\r\nb\r\n");
    await editor.openFile(path);
    replaceText(path, `${textOf(path)}c`);
    await editor.save(path);
    expect(disk.files.get(path)?.text).toBe("a\r\nb\r\nc");
  });

  it("is in the encoding that it was read in, until it is made UTF-8", async () => {
    disk.put(path, Uint8Array.of(0xb0, 0xa1, 0x0a));
    await editor.openFile(path);
    expect(textOf(path)).toBe("가\n");
    expect(buffer(path)).toMatchObject({ encoding: "CP949", readOnly: true });
    await editor.makeUtf8(path);
    expect(disk.files.get(path)?.text).toBe("가\n");
    expect(buffer(path)).toMatchObject({ encoding: "UTF-8", readOnly: false });
  });

  it("never overwrites what somebody else wrote, unless told to", async () => {
    await editor.openFile(path);
    replaceText(path, "mine\n");
    disk.put(path, "theirs\n");
    expect(await editor.save(path)).toBe(false);
    expect(buffer(path)?.conflict).toEqual({ etag: '"2"' });
    expect(disk.files.get(path)?.text).toBe("theirs\n");
    // A third change before the decision is a conflict again.
    disk.put(path, "theirs again\n");
    await editor.keepMine(path);
    expect(buffer(path)?.conflict).toEqual({ etag: '"3"' });
    await editor.keepMine(path);
    expect(buffer(path)).toMatchObject({ conflict: null, dirty: false });
    expect(disk.files.get(path)?.text).toBe("mine\n");
  });

  it("takes theirs when told to", async () => {
    await editor.openFile(path);
    replaceText(path, "mine\n");
    disk.put(path, "theirs\n");
    await editor.save(path);
    await editor.takeTheirs(path);
    expect(textOf(path)).toBe("theirs\n");
    expect(buffer(path)).toMatchObject({ conflict: null, dirty: false, etag: '"2"' });
  });

  it("follows changes on the disk while it is clean, and asks while it is not", async () => {
    await editor.openFile(path);
    disk.put(path, "from the terminal\n");
    editor.checkOutside(new Set([path]));
    await settle();
    expect(textOf(path)).toBe("from the terminal\n");
    expect(buffer(path)?.dirty).toBe(false);
    replaceText(path, "mine\n");
    disk.put(path, "from the terminal again\n");
    editor.checkOutside(new Set(["p"]));
    await settle();
    expect(buffer(path)?.conflict).toEqual({ etag: '"3"' });
    expect(textOf(path)).toBe("mine\n");
  });

  it("is saved where another window has saved the same text", async () => {
    await editor.openFile(path);
    replaceText(path, "mine\n");
    disk.put(path, "mine\n");
    editor.checkOutside(new Set([path]));
    await settle();
    expect(buffer(path)).toMatchObject({ conflict: null, dirty: false, etag: '"2"' });
  });

  it("keeps its text when the file is deleted, and can be saved again", async () => {
    await editor.openFile(path);
    disk.files.delete(path);
    editor.checkOutside(new Set([path]));
    await settle();
    expect(buffer(path)?.conflict).toEqual({ etag: null });
    await editor.keepMine(path);
    expect(disk.files.get(path)?.text).toBe("one\n");
  });

  it("brings back what was typed and not saved, and says when the file has changed since", async () => {
    const journal = new Journal("mina");
    journal.keep(path, { text: "typed\n", etag: '"1"', time: 7 });
    await editor.openFile(path);
    expect(textOf(path)).toBe("typed\n");
    expect(buffer(path)).toMatchObject({ dirty: true, recovered: 7, conflict: null });
    editor.close(path);
    journal.keep(path, { text: "typed\n", etag: '"1"', time: 7 });
    disk.put(path, "changed\n");
    await editor.openFile(path);
    expect(buffer(path)).toMatchObject({ dirty: true, conflict: { etag: '"2"' } });
  });

  it("goes with its file when that is renamed", async () => {
    await editor.openFile(path);
    replaceText(path, "mine\n");
    editor.fileMoved("p", "q");
    const moved = path.replace("p/", "q/");
    expect(buffer(moved)).toMatchObject({ dirty: true, etag: '"1"' });
    expect(textOf(moved)).toBe("mine\n");
    editor.fileRemoved("q");
    expect(editor.buffers.value).toEqual([]);
  });
});

describe("a save that had no answer", () => {
  const offline = () => vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  const online = () => vi.stubGlobal("fetch", disk.fetch);

  async function fail(): Promise<void> {
    await editor.openFile(path);
    replaceText(path, "mine\n");
    offline();
    await expect(editor.save(path)).rejects.toThrow();
    expect(buffer(path)).toMatchObject({ dirty: true, saving: false });
    expect(buffer(path)?.unanswered).toHaveLength(1);
  }

  it.each([
    ["the browser is online again", () => dispatchEvent(new Event("online"))],
    ["the page is looked at again", () => document.dispatchEvent(new Event("visibilitychange"))],
    [
      "the workspace is heard of again",
      () => {
        workspace.value = { state: "ready" } as Workspace;
      },
    ],
  ])("is made again once %s", async (_, happens) => {
    await fail();
    happens();
    await settle();
    expect(buffer(path)?.dirty).toBe(true);
    online();
    replaceText(path, "mine, and more\n");
    happens();
    await settle();
    expect(disk.files.get(path)?.text).toBe("mine, and more\n");
    expect(buffer(path)).toMatchObject({ dirty: false, unanswered: [], trouble: "" });
  });

  it("overwrites nothing that somebody else wrote meanwhile", async () => {
    await fail();
    online();
    disk.put(path, "theirs\n");
    dispatchEvent(new Event("online"));
    await settle();
    expect(disk.files.get(path)?.text).toBe("theirs\n");
    expect(buffer(path)).toMatchObject({ dirty: true, unanswered: [], conflict: { etag: '"2"' } });
    dispatchEvent(new Event("online"));
    await settle();
    expect(disk.files.get(path)?.text).toBe("theirs\n");
  });

  it.each([
    ["it is saved again", () => dispatchEvent(new Event("online"))],
    ["its change on the disk is heard of", () => editor.checkOutside(new Set([path]))],
  ])("is no conflict with itself where it had arrived, when %s", async (_, happens) => {
    disk.put(path, "one\r\n");
    await editor.openFile(path);
    replaceText(path, "mine\r\n");
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      await disk.fetch(url, init);
      throw new TypeError("Failed to fetch");
    });
    await expect(editor.save(path)).rejects.toThrow();
    offline();
    replaceText(path, "mine, and more\r\n");
    await expect(editor.save(path)).rejects.toThrow();
    expect(disk.files.get(path)?.text).toBe("mine\r\n");
    online();
    happens();
    await settle();
    expect(buffer(path)).toMatchObject({ dirty: false, conflict: null, unanswered: [] });
    expect(disk.files.get(path)?.text).toBe("mine, and more\r\n");
  });

  it("is not made again where the server has refused it", async () => {
    await editor.openFile(path);
    replaceText(path, "mine\n");
    const refuse = vi.fn(async () => new Response("{}", { status: 507 }));
    vi.stubGlobal("fetch", refuse);
    await expect(editor.save(path)).rejects.toThrow();
    dispatchEvent(new Event("online"));
    await settle();
    expect(refuse).toHaveBeenCalledTimes(1);
  });
});

it("says once that the browser has no room for what is typed, and again when it is full anew", async () => {
  const say = vi.spyOn(toast, "say");
  const keep = vi.spyOn(Journal.prototype, "keep");
  const type = (text: string) => {
    replaceText(path, text);
    dispatchEvent(new Event("pagehide"));
  };
  await editor.openFile(path);
  keep.mockReturnValue(false);
  type("a\n");
  type("b\n");
  expect(say.mock.calls).toEqual([[t("editor.journalFull"), "bad"]]);
  keep.mockReturnValue(true);
  type("c\n");
  keep.mockReturnValue(false);
  type("d\n");
  expect(say).toHaveBeenCalledTimes(2);
  vi.restoreAllMocks();
});
