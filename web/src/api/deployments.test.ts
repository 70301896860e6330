import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { followBuildLog } from "./deployments";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("asks for a log from where it has it, and puts characters together that were cut", async () => {
  const log = new TextEncoder().encode("마루\n짓는 중\n끝\n");
  // What is written by each time it is asked: twice in the middle of a character, and once nothing new.
  const written = [0, 4, 4, 9, log.length];
  const asked: number[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    const { pathname, searchParams } = new URL(url, "http://maru.test");
    if (pathname === "/api/v1/builds/b1")
      return Response.json({ state: asked.length < written.length - 1 ? "running" : "succeeded" });
    expect(pathname).toBe("/api/v1/builds/b1/log");
    const from = Number(searchParams.get("from"));
    return new Response(log.slice(from, written[asked.push(from) - 1]));
  });
  const seen: string[] = [];
  const followed = followBuildLog("b1", (text) => seen.push(text), new AbortController().signal);
  await vi.advanceTimersByTimeAsync(10_000);
  await followed;
  expect(seen.join("")).toBe("마루\n짓는 중\n끝\n");
  expect(asked).toEqual([0, 0, 4, 4, 9]);
});
