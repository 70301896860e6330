import { beforeEach, describe, expect, it } from "vitest";
import type { RestoreReport } from "../api/snapshots";
import { setLang } from "../i18n";
import { busyText, changesText, restoredText } from "./words";

const nothing: RestoreReport = {
  files: 0,
  folders: 0,
  links: 0,
  trashed: 0,
  unchanged: 4,
  failed: [],
  disk_full: false,
};

beforeEach(() => setLang("en"));

describe("what is said of snapshots", () => {
  it("names only what has changed", () => {
    expect(changesText({ added: 2, changed: 0, removed: 1 })).toBe("2 new, 1 removed");
    expect(changesText({ added: 0, changed: 0, removed: 0 })).toBe("nothing changed");
    setLang("ko");
    expect(changesText({ added: 0, changed: 3, removed: 0 })).toBe("변경 3");
  });

  it("tells how far it is once that is known", () => {
    const busy = { restoring: null, reason: "manual", done: 0, files: 0 } as const;
    expect(busyText(busy)).toBe("Taking a snapshot…");
    expect(busyText({ ...busy, restoring: "x", done: 3, files: 9 })).toBe("Restoring… 3 of 9 files");
  });

  it("tells what a restore has done, and what it could not do", () => {
    expect(restoredText(nothing)).toBe("All of it was as in the snapshot already.");
    expect(restoredText({ ...nothing, files: 2, links: 1, trashed: 1 })).toBe(
      "Restored (files: 3, moved to the trash: 1).",
    );
    const failed = [{ path: "a", cause: "not allowed" }];
    expect(restoredText({ ...nothing, files: 1, failed })).toBe(
      "Restored (files: 1). Not restored: 1, such as a (not allowed).",
    );
    expect(restoredText({ ...nothing, disk_full: true })).toContain("full");
  });
});
