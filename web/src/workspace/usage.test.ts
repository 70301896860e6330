import { h, render } from "preact";
import { expect, it } from "vitest";
import type { Usage, Workspace } from "../api/types";
import { setLang } from "../i18n";
import { workspace } from "./state";
import { UsageMeter } from "./UsageMeter";

const GIB = 2 ** 30;
const usage: Usage = {
  memory: GIB,
  memory_limit: 2 * GIB,
  cpus: 0.5,
  cpus_limit: 2,
  pids: 10,
  pids_limit: 100,
  disk: 19 * GIB,
  disk_limit: 20 * GIB,
  inodes: 1,
  inodes_limit: 100,
  tmp: 0,
  tmp_limit: GIB,
};

const shown = (part: Partial<Usage>) => {
  setLang("en");
  workspace.value = { state: "ready", usage: { ...usage, ...part } } as Workspace;
  const box = document.createElement("div");
  render(h(UsageMeter, null), box);
  const words = [...box.querySelectorAll(".usage > :not(.visually-hidden)")].map((each) => each.textContent);
  render(null, box);
  return words;
};

it("is of memory, CPU and disk, each against its limit", () => {
  expect(shown({})).toEqual(["Memory 50 %", "CPU 25 %", "Disk 95 %"]);
  // Told over a moment, it may be a little more than the limit.
  expect(shown({ cpus: 2.1 })).toContain("CPU 100 %");
});

it("says nothing of what has no limit", () => {
  expect(shown({ cpus_limit: null, memory_limit: null })).toEqual(["Disk 95 %"]);
});
