import { expect, test } from "vitest";
import type { Build } from "../api/repositories";
import { buildSeconds, goesOn, shortDigest } from "./builds";

const build: Build = {
  id: "b",
  number: 1,
  state: "queued",
  commit: "0123456789",
  reason: null,
  created_at: "2026-01-01T00:00:00Z",
  started_at: null,
  finished_at: null,
};
const started_at = "2026-01-01T00:00:10Z";
const now = Date.parse("2026-01-01T00:01:00Z");

test("a build's time runs from its start, not from its place in the queue, to its end", () => {
  expect(buildSeconds(build, now)).toBeNull();
  expect(buildSeconds({ ...build, started_at }, now)).toBe(50);
  expect(buildSeconds({ ...build, started_at, finished_at: "2026-01-01T00:00:31.4Z" }, now)).toBe(21);
});

test("a browser whose clock is behind shows no time below zero", () => {
  expect(buildSeconds({ ...build, started_at }, Date.parse(started_at) - 5000)).toBe(0);
});

test("what waits and what runs goes on", () => {
  const states = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
  expect(states.filter((state) => goesOn({ ...build, state }))).toEqual(["queued", "running"]);
});

test("a digest is told by its first twelve digits", () => {
  expect(shortDigest("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")).toBe(
    "9f86d081884c",
  );
});
