import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pack, unpack } from "./polling";
import { blocked, EitherSocket } from "./socket";

/** A WebSocket in a network that lets none through, or, for the test of the network, in one that does. */
class FakeSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  static echoes = false;
  static made: string[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;

  constructor(url: URL) {
    super();
    FakeSocket.made.push(url.pathname);
    const passes = FakeSocket.echoes && url.pathname.endsWith("/network/stream");
    queueMicrotask(() => {
      this.readyState = passes ? 1 : 3;
      if (passes) this.onopen?.();
      else this.onclose?.({});
    });
  }

  send(data: unknown): void {
    this.onmessage?.({ data });
  }

  close(): void {
    this.readyState = 3;
  }
}

const said: string[] = [];
let httpAnswers = true;

beforeEach(() => {
  blocked.value = false;
  httpAnswers = true;
  said.length = 0;
  Object.assign(FakeSocket, { echoes: false, made: [] });
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    if (!httpAnswers) throw new TypeError("no network");
    if (url.endsWith("/network/method")) return new Response("{}");
    if (url.endsWith("/sockets")) return new Response('{"socket":1}', { status: 201 });
    if (init.method === "GET") return new Response(pack([[1, "answer"]]));
    if (init.method === "DELETE") return new Response(null, { status: 204 });
    for (const message of unpack(new Uint8Array(init.body as ArrayBuffer).slice().buffer))
      if (message.kind === "message") said.push(String(message.data));
    return new Response(null, { status: 204 });
  });
});
afterEach(() => vi.unstubAllGlobals());

/** What comes of a socket that is told something as soon as it is open. */
function use(): Promise<"closed" | "answered"> {
  const socket = new EitherSocket("/workspace/languages/python?cwd=x");
  return new Promise((resolve) => {
    socket.onopen = () => socket.send("question");
    socket.onclose = () => resolve("closed");
    socket.onmessage = () => {
      socket.close();
      resolve("answered");
    };
  });
}

test("goes on by requests where no WebSocket passes, and the next one at once", async () => {
  expect(await use()).toBe("answered");
  expect([said, blocked.value]).toEqual([["question"], true]);
  const made = FakeSocket.made.length;
  expect(await use()).toBe("answered");
  expect(FakeSocket.made.length).toBe(made);
});

test("ends where only this one was refused, and where nothing answers at all", async () => {
  FakeSocket.echoes = true;
  expect(await use()).toBe("closed");
  FakeSocket.echoes = false;
  httpAnswers = false;
  expect(await use()).toBe("closed");
  expect(blocked.value).toBe(false);
});
