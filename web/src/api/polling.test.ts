import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Message, PollSocket, pack, unpack } from "./polling";

test("messages are packed and unpacked, with the numbers of their sockets", () => {
  const packed = pack([
    [1, '{"a":"글"}'],
    [70_000, Uint8Array.of(0, 255)],
    [1, ""],
  ]);
  expect(unpack(packed.buffer)).toEqual([
    { socket: 1, kind: "message", data: '{"a":"글"}' },
    { socket: 70_000, kind: "message", data: Uint8Array.of(0, 255).buffer },
    { socket: 1, kind: "message", data: "" },
  ]);
  expect(unpack(new ArrayBuffer(0))).toEqual([]);
  expect(unpack(end(3).buffer)).toEqual([{ socket: 3, kind: "end" }]);
  for (const other of ["<html>blocked</html>", "t\0\0\0\x01\0\0\0\x05ab", "t\0"])
    expect(() => unpack(new TextEncoder().encode(other).buffer), other).toThrow();
});

const end = (socket: number): Uint8Array<ArrayBuffer> => {
  const packed = pack([[socket, ""]]);
  packed[0] = "c".charCodeAt(0);
  return packed;
};

/** The server's side of a box. */
const server = {
  boxes: new Set<string>(),
  opened: [] as unknown[],
  said: [] as Message[],
  left: [] as string[],
  waiting: [] as ((answer: Response) => void)[],
};

/** What the request that waits is answered. */
const tell = (...parts: Uint8Array<ArrayBuffer>[]) =>
  vi.waitFor(() => {
    const answer = server.waiting.shift();
    if (!answer) throw new Error("nobody waits");
    answer(new Response(new Blob(parts)));
  });

beforeEach(() => {
  Object.assign(server, { boxes: new Set(), opened: [], said: [], left: [], waiting: [] });
  vi.stubGlobal("fetch", (url: string, { method, body, signal }: RequestInit): Promise<Response> => {
    const [, name = "", rest = ""] = /\/polls\/([^/]+)(.*)$/.exec(url) ?? [];
    server.boxes.add(name);
    if (rest === "/sockets") {
      const socket = server.opened.push(JSON.parse(String(body)));
      return Promise.resolve(new Response(JSON.stringify({ socket }), { status: 201 }));
    }
    if (method === "DELETE") server.left.push(rest);
    if (method === "POST") server.said.push(...unpack(new Uint8Array(body as ArrayBuffer).slice().buffer));
    if (method !== "GET") return Promise.resolve(new Response(null, { status: 204 }));
    return new Promise((resolve, reject) => {
      server.waiting.push(resolve);
      signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    });
  });
});
afterEach(() => vi.unstubAllGlobals());

function use(path: string) {
  const socket = new PollSocket({ path, protocol: "x.v1" });
  const seen: unknown[] = [];
  socket.onopen = () => socket.send(`of ${path}`);
  socket.onmessage = ({ data }) => seen.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
  socket.onclose = () => seen.push("closed");
  return { socket, seen };
}

test("two sockets share what waits and what is said, and each hears its own", async () => {
  const [one, two] = [use("/one?since=3"), use("/two")];
  await vi.waitFor(() => expect(server.said.length).toBe(2));
  expect(server.opened).toEqual([
    { path: "/one?since=3", protocol: "x.v1" },
    { path: "/two", protocol: "x.v1" },
  ]);
  expect(server.said).toEqual([
    { socket: 1, kind: "message", data: "of /one?since=3" },
    { socket: 2, kind: "message", data: "of /two" },
  ]);
  expect([server.boxes.size, server.waiting.length]).toEqual([1, 1]);
  await tell(
    pack([
      [2, "b"],
      [1, Uint8Array.of(7)],
    ]),
    end(1),
  );
  await vi.waitFor(() => expect(one.seen).toEqual([[7], "closed"]));
  expect([two.seen, one.socket.readyState]).toEqual([["b"], WebSocket.CLOSED]);
  two.socket.close();
  expect(server.left).toEqual(["/sockets/2"]);
  // The next one is not told what was meant for those before.
  const three = use("/three");
  await vi.waitFor(() => expect(server.boxes.size).toBe(2));
  three.socket.close();
});

test("what comes before a socket knows its number is for it all the same", async () => {
  const one = use("/one");
  await vi.waitFor(() => expect(server.waiting.length).toBe(1));
  const two = use("/two");
  server.waiting.shift()?.(new Response(pack([[2, "at once"]])));
  await vi.waitFor(() => expect(two.seen).toEqual(["at once"]));
  one.socket.close();
  two.socket.close();
});

test("an answer that is none of ours ends all", async () => {
  const [one, two] = [use("/one"), use("/two")];
  await vi.waitFor(() => expect(server.said.length).toBe(2));
  await tell(new TextEncoder().encode("<html>blocked</html>"));
  await vi.waitFor(() => expect([one.seen, two.seen]).toEqual([["closed"], ["closed"]]));
});
