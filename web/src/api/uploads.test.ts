import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "./http";
import { sendFile } from "./uploads";

afterEach(() => vi.unstubAllGlobals());

/** A workspace that keeps what arrives, and whose connection breaks as told. */
function workspace(breaks: number[]) {
  const stored: Blob[] = [];
  const seen: string[] = [];
  const size = () => stored.reduce((sum, part) => sum + part.size, 0);
  let patches = 0;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const what = `${init.method} ${url.replace("/api/v1/workspace/uploads", "")}`;
    seen.push(what);
    if (what === "POST ") return Response.json({ id: "u", offset: 0 }, { status: 201 });
    if (what === "GET /u") return Response.json({ id: "u", offset: size() });
    if (what === "PATCH /u") {
      const body = init.body as Blob;
      if (breaks.includes(patches++)) {
        stored.push(body.slice(0, body.size / 2));
        throw new TypeError("network");
      }
      stored.push(body);
      return Response.json({}, { headers: { "Upload-Offset": String(size()) } });
    }
    return new Response(null, { status: 204 });
  });
  return { stored, seen };
}

it("goes on where the connection broke, and tells how far it is", async () => {
  const bytes = new Uint8Array(9 * 1024 * 1024).map((_, index) => index % 251);
  const { stored, seen } = workspace([1]);
  const progress: number[] = [];
  const signal = new AbortController().signal;
  await sendFile("a/b", new Blob([bytes]), { signal, onProgress: (sent) => progress.push(sent), pause: 0 });
  const arrived = new Uint8Array(await new Blob(stored).arrayBuffer());
  expect(arrived.length).toBe(bytes.length);
  expect(arrived.every((byte, index) => byte === bytes[index])).toBe(true);
  expect(progress.at(-1)).toBe(bytes.length);
  expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  expect(seen.at(-1)).toBe("POST /u/finish");
});

it("leaves nothing behind when it is cancelled", async () => {
  const { seen } = workspace([]);
  const control = new AbortController();
  const fetched = fetch;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    init.signal?.throwIfAborted();
    return fetched(url, init);
  });
  const sending = sendFile("a", new Blob([new Uint8Array(9 * 1024 * 1024)]), {
    signal: control.signal,
    onProgress: () => control.abort(),
  });
  await expect(sending).rejects.toThrow();
  expect(seen.at(-1)).toBe("DELETE /u");
  expect(seen).not.toContain("POST /u/finish");
});

it("gives up on what will not pass by itself", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ detail: "full" }, { status: 507 }));
  const sending = sendFile("a", new Blob(["x"]), {
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  await expect(sending).rejects.toThrow(ApiError);
});
