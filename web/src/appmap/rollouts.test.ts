import { expect, it } from "vitest";
import type { Rollout } from "../api/rollouts";
import { lastHealthy } from "./rollouts";

const all = (...states: string[]): Rollout[] =>
  states.map((state, at) => ({
    id: `r${states.length - at}`,
    number: states.length - at,
    commit: "",
    origin: null,
    by: null,
    state,
    detail: "",
    time: "",
    finished_at: null,
  }));
const back = (...states: string[]) => lastHealthy(all(...states))?.number ?? null;

it("leads back to the newest that ran well, where the newest of all does not", () => {
  expect(back("failed", "healthy")).toBe(1);
  expect(back("failed", "cancelled", "healthy", "healthy")).toBe(2);
  expect(back("cancelled", "healthy")).toBe(1);
});

it("leads nowhere where it runs, is on its way, or never ran", () => {
  expect(back()).toBeNull();
  expect(back("healthy", "healthy")).toBeNull();
  expect(back("applying", "healthy")).toBeNull();
  expect(back("failed", "failed")).toBeNull();
});
