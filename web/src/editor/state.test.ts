import { beforeEach, describe, expect, it, vi } from "vitest";
import { replaceText, textOf } from "./documents";
import { Journal } from "./journal";
import * as editor from "./state";

/** A disk with tags, in place of the server: one file per path, its tag a count of its writes. */
class Disk {
  readonly files = new Map<string, { text: string; tag: number }>();

  put(path: string, text: string): void {
    this.files.set(path, { text, tag: (this.files.get(path)?.tag ?? 0) + 1 });
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const path = decodeURIComponent(url).replace("/api/v1/workspace/files/", "");
    const headers = new Headers(init.headers);
    const now = this.files.get(path);
    const etag = now ? `"${now.tag}"` : null;
    const tagged = (status: number, body: string | null = null) =>
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
