import { afterEach, describe, expect, it, vi } from "vitest";
import { readIfChanged, writeFile } from "./files";
import { ApiError } from "./http";

afterEach(() => vi.unstubAllGlobals());

/** Answers the next request, and hands that request out. */
function answer(response: Response): () => { url: string; init: RequestInit; headers: Headers } {
  const fetched = vi.fn(async (_url: string, _init: RequestInit) => response);
  vi.stubGlobal("fetch", fetched);
  return () => {
    const [url, init] = fetched.mock.calls[0] ?? ["", {}];
    return { url, init, headers: new Headers(init.headers) };
  };
}

const tagged = (status: number, etag: string, body: string | null = null) =>
  new Response(body, { status, headers: { ETag: etag } });

describe("writeFile", () => {
  it("replaces only the content it knows, and answers the new tag", async () => {
    const sent = answer(tagged(204, '"b"'));
    expect(await writeFile("a b/ㄱ.txt", "x", '"a"')).toEqual({ ok: true, etag: '"b"' });
    expect(sent().url).toBe("/api/v1/workspace/files/a%20b/%E3%84%B1.txt");
    expect(sent().init.method).toBe("PUT");
    expect(sent().headers.get("If-Match")).toBe('"a"');
    expect(sent().headers.get("X-Maru-CSRF")).toBe("1");
  });

  it("creates only where there is nothing", async () => {
    const sent = answer(tagged(201, '"n"'));
    await writeFile("new", "", null);
    expect(sent().headers.get("If-None-Match")).toBe("*");
    expect(sent().headers.get("If-Match")).toBeNull();
  });

  it("answers a conflict with the tag of what is there", async () => {
    answer(tagged(412, '"c"', "{}"));
    expect(await writeFile("f", "x", '"a"')).toEqual({ ok: false, etag: '"c"' });
    answer(new Response("{}", { status: 412 }));
    expect(await writeFile("f", "x", '"a"')).toEqual({ ok: false, etag: null });
  });

  it("says in the server's words what went wrong", async () => {
    const problem = { detail: "The disk is full.", fix: "Delete something.", code: "disk_full" };
    answer(new Response(JSON.stringify(problem), { status: 507 }));
    await expect(writeFile("f", "x", '"a"')).rejects.toMatchObject({
      status: 507,
      message: "The disk is full.",
    });
  });

  it("tells an unreachable server from an answer", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    await expect(writeFile("f", "x", '"a"')).rejects.toSatisfy(
      (error) => error instanceof ApiError && error.status === 0,
    );
  });
});

describe("a question without an answer", () => {
  /** Fails so many times, and answers then. */
  const failing = (times: number) => {
    const fetched = vi.fn(async (_url: string, _init: RequestInit) => {
      if (fetched.mock.calls.length <= times) throw new TypeError("net::ERR_NETWORK_CHANGED");
      return tagged(200, '"b"', "new");
    });
    vi.stubGlobal("fetch", fetched);
    return fetched;
  };

  it("is asked again where it only reads", async () => {
    const fetched = failing(2);
    expect(await readIfChanged("f", '"a"')).toMatchObject({ etag: '"b"' });
    expect(fetched).toHaveBeenCalledTimes(3);
  });

  it("is not where it changes something", async () => {
    const fetched = failing(1);
    await expect(writeFile("f", "x", '"a"')).rejects.toMatchObject({ status: 0 });
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});

describe("readIfChanged", () => {
  it("is null while the content is the same", async () => {
    const sent = answer(new Response(null, { status: 304 }));
    expect(await readIfChanged("f", '"a"')).toBeNull();
    expect(sent().headers.get("If-None-Match")).toBe('"a"');
    answer(tagged(200, '"a"', "same"));
    expect(await readIfChanged("f", '"a"')).toBeNull();
  });

  it("brings the new content with its tag", async () => {
    answer(tagged(200, '"b"', "new"));
    const found = await readIfChanged("f", '"a"');
    expect(found?.etag).toBe('"b"');
    expect(new TextDecoder().decode(found?.bytes)).toBe("new");
  });
});
