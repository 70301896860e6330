import { expect, test } from "vitest";
import type { AppObject } from "../api/types";
import { pairs, relationOf } from "./states";

const named = (kind: string, name: string) => ({ kind, name });
const runs = (kind: string, name: string): AppObject => ({ kind, name, health: "healthy", message: "" });

test("each object stands once: in both, coming, or going", () => {
  const target = [named("Deployment", "web"), named("Service", "web"), named("Ingress", "web")];
  const found = pairs(target, [runs("Service", "web"), runs("Deployment", "old"), runs("Deployment", "web")]);
  expect(found.map(({ kind, name, what }) => `${what} ${kind}/${name}`)).toEqual([
    "both Deployment/web",
    "both Service/web",
    "comes Ingress/web",
    "goes Deployment/old",
  ]);
  expect(found[2]?.current).toBeNull();
});

test("how target and current state stand to each other", () => {
  const target = { commit: "a", state: "ready" as const };
  expect(relationOf({})).toBe("unread");
  expect(relationOf({ target: { ...target, state: "failed" }, current: { commit: "a" } })).toBe("failed");
  expect(relationOf({ target, current: { commit: null } })).toBe("nothing");
  expect(relationOf({ target, current: { commit: "a" } })).toBe("same");
  expect(relationOf({ target, current: { commit: "b" } })).toBe("other");
});
