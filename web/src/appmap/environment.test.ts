import { expect, it } from "vitest";
import type { Origin } from "../api/appmap";
import { originOf } from "./Environment";

it("says where a variable comes from", () => {
  const said = (from: Origin | null) => originOf({ from });
  expect(said(null)).toBe("the manifest");
  expect(said({ kind: "ConfigMap", name: "settings", key: "LEVEL" })).toBe("ConfigMap settings · LEVEL");
  expect(said({ kind: "Secret", name: "db", key: "password" })).toBe("Secret db · password");
  expect(said({ kind: "Pod", name: "", key: "status.podIP" })).toBe("the pod's status.podIP");
  expect(said({ kind: "Resource", name: "", key: "limits.memory" })).toBe("the container's limits.memory");
});
