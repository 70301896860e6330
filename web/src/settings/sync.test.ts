import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readPreferences } from "../api/preferences";
import { canonical } from "./merge";
import type { Part } from "./part";
import { Sync } from "./sync";

/** The server, as the API's document says it is. */
const server = { document: {} as object, puts: 0, away: false };
const tag = () => `"${canonical(server.document)}"`;

function answer(_: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (server.away) return Promise.reject(new TypeError("no network"));
  if (init.method === "PUT") {
    if (headers.get("If-Match") !== tag()) return Promise.resolve(new Response(null, { status: 412 }));
    server.document = JSON.parse(String(init.body));
    server.puts++;
    return Promise.resolve(new Response(null, { status: 204, headers: { ETag: tag() } }));
  }
  if (headers.get("If-None-Match") === tag()) return Promise.resolve(new Response(null, { status: 304 }));
  return Promise.resolve(new Response(canonical(server.document), { headers: { ETag: tag() } }));
}

/** A part whose values are these. */
function part(name: string, first: Record<string, unknown>, atStart = false) {
  const values = signal(first);
  const made: Part = {
    name,
    atStart,
    read: () => values.value,
    take: (given) => {
      values.value = given;
    },
  };
  return { made, values };
}

/** Closed after the test: one that goes on would tell the next test's server. */
const open: Sync[] = [];
function sync(...given: ConstructorParameters<typeof Sync>): Sync {
  const made = new Sync(...given);
  open.push(made);
  return made;
}

class Memory {
  private readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
}
const memory = () => new Memory() as unknown as Storage;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", answer);
  Object.assign(server, { document: {}, puts: 0, away: false });
});
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the copy on the server", () => {
  it("is taken by a browser that is new, and what was chosen before the login is added", async () => {
    server.document = { "theme.name": "dark", "other.page": 1 };
    const [theme, words] = [part("theme", {}), part("language", { name: "ko" })];
    await sync("mina", [theme.made, words.made], memory()).start(readPreferences());
    expect(theme.values.value).toEqual({ name: "dark" });
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.document).toEqual({ "theme.name": "dark", "language.name": "ko", "other.page": 1 });
  });

  it("gets changes a moment after them, those of two browsers together", async () => {
    const one = part("settings", {});
    const other = part("settings", {});
    await sync("mina", [one.made], memory()).start(readPreferences());
    await sync("mina", [other.made], memory()).start(readPreferences());
    one.values.value = { wrap: true };
    await vi.advanceTimersByTimeAsync(2000);
    other.values.value = { vim: true };
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.document).toEqual({ "settings.wrap": true, "settings.vim": true });
    expect(other.values.value).toEqual({ wrap: true, vim: true });
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(2000);
    expect(one.values.value).toEqual({ wrap: true, vim: true });
    expect(server.puts).toBe(2);
  });

  it("opens files only at the start; who changed theirs last is heard", async () => {
    const tabs = part("editor", { tabs: "a" }, true);
    const storage = memory();
    const first = sync("mina", [tabs.made], storage);
    await first.start(readPreferences());
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.document).toEqual({ "editor.tabs": "a" });
    server.document = { "editor.tabs": "b" };
    await first.exchange();
    await vi.advanceTimersByTimeAsync(2000);
    expect([tabs.values.value, server.document]).toEqual([{ tabs: "a" }, { "editor.tabs": "b" }]);
    // The page is loaded anew.
    await sync("mina", [tabs.made], storage).start(readPreferences());
    expect(tabs.values.value).toEqual({ tabs: "b" });
  });

  it("gets what changed while the change before was being told", async () => {
    const open = part("open", {}, true);
    const here = sync("mina", [open.made], memory());
    await here.start(readPreferences());
    vi.stubGlobal("fetch", async (path: RequestInfo | URL, init: RequestInit = {}) => {
      const answered = await answer(path, init);
      if (init.method === "PUT" && server.puts === 1) open.values.value = { file: "b" };
      return answered;
    });
    open.values.value = { file: "a" };
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.document).toEqual({ "open.file": "b" });
  });

  it("is reached later where the network is away, and nothing is lost", async () => {
    const storage = memory();
    const one = part("settings", {});
    await sync("mina", [one.made], storage).start(readPreferences());
    server.away = true;
    one.values.value = { wrap: true };
    await vi.advanceTimersByTimeAsync(5000);
    server.away = false;
    server.document = { "settings.vim": true };
    const again = part("settings", one.values.value);
    await sync("mina", [again.made], storage).start(readPreferences());
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.document).toEqual({ "settings.vim": true, "settings.wrap": true });
  });

  it("of one user has nothing of another who used this browser before", async () => {
    const storage = memory();
    const one = part("settings", { wrap: true });
    await sync("mina", [one.made], storage).start(readPreferences());
    await vi.advanceTimersByTimeAsync(2000);
    server.document = {};
    const other = part("settings", one.values.value);
    await sync("jun", [other.made], storage).start(readPreferences());
    await vi.advanceTimersByTimeAsync(2000);
    expect([other.values.value, server.document]).toEqual([{}, {}]);
  });

  it("is left alone once it is closed, and nothing waits any more", async () => {
    const one = part("settings", {});
    const closed = sync("mina", [one.made], memory());
    await closed.start(readPreferences());
    one.values.value = { wrap: true };
    closed.close();
    one.values.value = { wrap: false };
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect([server.puts, server.document]).toEqual([0, {}]);
  });
});
