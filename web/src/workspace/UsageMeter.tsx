/** What the workspace uses of what it may, in the bar at the bottom; all of it where the pointer rests. */
import type { Usage } from "../api/types";
import { t } from "../i18n";
import { sizeWords } from "../i18n/size";
import { ready, workspace } from "./state";

/** Percent from which it is marked. */
const HIGH = 90;

/** Whole percent of a limit; none where there is no limit. */
export function percent(used: number, limit: number | null): number | null {
  return limit ? Math.min(100, Math.round((100 * used) / limit)) : null;
}

export function detail(usage: Usage): string {
  const of = (limit: number | null, say: (limit: number) => string) =>
    limit ? say(limit) : t("usage.noLimit");
  return t("usage.detail", {
    memory: sizeWords(usage.memory),
    memoryLimit: of(usage.memory_limit, sizeWords),
    cpus: usage.cpus.toFixed(1),
    cpusLimit: of(usage.cpus_limit, (cpus) => cpus.toFixed(1)),
    disk: sizeWords(usage.disk),
    diskLimit: of(usage.disk_limit, sizeWords),
    inodes: usage.inodes,
    inodesLimit: of(usage.inodes_limit, String),
    pids: usage.pids,
    pidsLimit: of(usage.pids_limit, String),
    tmp: sizeWords(usage.tmp),
    tmpLimit: of(usage.tmp_limit, sizeWords),
  });
}

export function UsageMeter() {
  const usage = ready.value && workspace.value?.usage;
  if (!usage) return null;
  const memory = percent(usage.memory, usage.memory_limit);
  const cpus = percent(usage.cpus, usage.cpus_limit);
  const disk = percent(usage.disk, usage.disk_limit);
  return (
    <span class="usage wide-only" title={detail(usage)} data-testid="usage">
      <span class="visually-hidden">{t("usage.title")}: </span>
      {memory !== null && <span data-high={memory >= HIGH}>{t("usage.memory", { percent: memory })}</span>}
      {/* A busy CPU is no trouble: it is not marked. */}
      {cpus !== null && <span class="usage-cpus">{t("usage.cpus", { percent: cpus })}</span>}
      {disk !== null && <span data-high={disk >= HIGH}>{t("usage.disk", { percent: disk })}</span>}
    </span>
  );
}
