import type { Diagnostic } from "../api/types";

const RANK: Record<Diagnostic["severity"], number> = { error: 0, warning: 1, info: 2 };

/** Errors before warnings, each in its order; apart from them what is only worth knowing. */
export function bySeverity(all: readonly Diagnostic[]) {
  return {
    shown: all
      .filter(({ severity }) => severity !== "info")
      .toSorted((a, b) => RANK[a.severity] - RANK[b.severity]),
    notes: all.filter(({ severity }) => severity === "info"),
  };
}
