import { afterEach, describe, expect, it, vi } from "vitest";
import type { Port } from "../api/types";
import { changing, fresh, ports, share } from "./state";

const port = (number: number): Port => ({
  port: number,
  process: "node",
  url: `http://${number}--kim.preview.localhost/`,
  visibility: "private",
});

afterEach(() => vi.unstubAllGlobals());

describe("fresh", () => {
  it("names ports that were not there, and none that the kernel chose", () => {
    const numbers = (found: Port[]) => found.map((each) => each.port);
    expect(numbers(fresh([port(3000)], [port(3000), port(5173), port(40_123)]))).toEqual([5173]);
    expect(numbers(fresh([port(3000)], []))).toEqual([]);
  });
});

describe("share", () => {
  it("shows what the server made of it, and asks once at a time", async () => {
    ports.value = [port(3000), port(5173)];
    const asked: unknown[] = [];
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      asked.push([url, JSON.parse(String(init.body))]);
      return Response.json({ ...port(5173), visibility: "public", expires_at: "2026-01-01T00:00:00Z" });
    });
    const first = share(5173, "public", 3600);
    expect(changing.value.has(5173)).toBe(true);
    await Promise.all([first, share(5173, "private")]);
    expect(asked).toEqual([["/api/v1/workspace/ports/5173", { visibility: "public", expires_in: 3600 }]]);
    expect(ports.value[1]).toMatchObject({ visibility: "public", expires_at: "2026-01-01T00:00:00Z" });
    expect(ports.value[0]?.visibility).toBe("private");
    expect(changing.value.size).toBe(0);
  });
});
