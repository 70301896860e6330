import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { held } from "./held";
import { ApiError } from "./http";
import { pack } from "./polling";
import { subscribe } from "./sse";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  // What was seen of a test's network is no other test's.
  window.dispatchEvent(new Event("online"));
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const stream = (text: string) => new Response(text, { headers: { "Content-Type": "text/event-stream" } });

const encode = (text: string) => new TextEncoder().encode(text);
const end = (socket: number) => {
  const packed = pack([[socket, ""]]);
  packed[0] = "c".charCodeAt(0);
  return packed;
};

describe("subscribe", () => {
  it("connects again after an end and after a failure, from the last event it saw", async () => {
    const asked: (string | null)[] = [];
    const answers = [
      () => Promise.resolve(stream("id: 3\ndata: a\n\n")),
      () => Promise.reject(new TypeError("no network")),
      () => Promise.resolve(stream("data: b\n\n")),
    ];
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      if (url.includes("/network/")) return new Promise(() => undefined);
      asked.push(new Headers(init.headers).get("Last-Event-ID"));
      return answers.shift()?.() ?? new Promise(() => undefined);
    });
    const seen: string[] = [];
    let opened = 0;
    const subscription = subscribe("/x", { onEvent: ({ data }) => seen.push(data), onOpen: () => opened++ });
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen).toEqual(["a", "b"]);
    expect(asked).toEqual([null, "3", "3", "3"]);
    expect(opened).toBe(2);
    subscription.close();
  });

  it("takes a refusal for an answer, and stops when closed", async () => {
    const fetched = vi.fn(async () => new Response("{}", { status: 404 }));
    vi.stubGlobal("fetch", fetched);
    subscribe("/x", { onEvent: () => undefined });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fetched).toHaveBeenCalledTimes(1);
    const closed = subscribe("/x", { onEvent: () => undefined, again: () => true });
    await vi.advanceTimersByTimeAsync(100);
    closed.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fetched).toHaveBeenCalledTimes(2);
  });

  it("waits for the next login where the session has ended", async () => {
    const answers = [new Response("{}", { status: 401 }), stream("data: back\n\n")];
    vi.stubGlobal("fetch", async () => answers.shift() ?? new Promise(() => undefined));
    const seen: string[] = [];
    const again = vi.fn(() => false);
    subscribe("/x", { onEvent: ({ data }) => seen.push(data), again });
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen).toEqual(["back"]);
    // Of the stream's own end, and not of the refusal.
    expect(again).toHaveBeenCalledTimes(1);
  });

  it("goes by requests where streams are held back, from the last event, and takes a refusal for an answer there too", async () => {
    const event = (text: string, socket = 1) => new Response(new Blob([pack([[socket, encode(text)]])]));
    const opened: unknown[] = [];
    const told = [event("id: 7\ndata: a\n\n"), event("data: b\n\n"), new Response(new Blob([end(1)]))];
    vi.stubGlobal("fetch", (url: string, { method, body, signal }: RequestInit) => {
      if (url.endsWith("/network/events")) return Promise.resolve(stream("data: 1\n\ndata: 2\n\n"));
      if (url.endsWith("/network/method")) return Promise.resolve(new Response("{}"));
      if (url.endsWith("/sockets")) {
        opened.push(JSON.parse(String(body)));
        const refused = opened.length > 1;
        return Promise.resolve(
          new Response(refused ? "{}" : '{"socket":1}', { status: refused ? 404 : 201 }),
        );
      }
      const answer = url.includes("/polls/") && method !== "DELETE" ? told.shift() : undefined;
      // The stream itself: a proxy that keeps it all.
      return answer
        ? Promise.resolve(answer)
        : new Promise((_, reject) =>
            signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError"))),
          );
    });
    const seen: string[] = [];
    subscribe("/x", {
      onEvent: ({ data }) => seen.push(data),
      again: (error) => !(error instanceof ApiError),
    });
    await vi.advanceTimersByTimeAsync(2900);
    expect(opened).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    await vi.waitFor(() => expect(seen).toEqual(["a", "b"]));
    expect(held.value).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(opened).toEqual([
      { path: "/x", events: true },
      { path: "/x", events: true, last_event_id: "7" },
    ]);
    window.dispatchEvent(new Event("online"));
    expect(held.value).toBe(false);
  });
});
