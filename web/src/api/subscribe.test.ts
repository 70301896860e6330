import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { subscribe } from "./sse";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const stream = (text: string) => new Response(text, { headers: { "Content-Type": "text/event-stream" } });

describe("subscribe", () => {
  it("connects again after an end and after a failure, from the last event it saw", async () => {
    const asked: (string | null)[] = [];
    const answers = [
      () => Promise.resolve(stream("id: 3\ndata: a\n\n")),
      () => Promise.reject(new TypeError("no network")),
      () => Promise.resolve(stream("data: b\n\n")),
    ];
    vi.stubGlobal("fetch", (_url: string, init: RequestInit) => {
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
});
