/** What is said of snapshots and restores, in words. */
import type { RestoreReport, SnapshotBusy, SnapshotChanges } from "../api/snapshots";
import { t } from "../i18n";

const listed = (parts: readonly (string | false)[]): string => parts.filter(Boolean).join(", ");

export function changesText({ added, changed, removed }: SnapshotChanges): string {
  const text = listed([
    added > 0 && t("snapshots.added", { count: added }),
    changed > 0 && t("snapshots.changed", { count: changed }),
    removed > 0 && t("snapshots.removed", { count: removed }),
  ]);
  return text || t("snapshots.unchanged");
}

export function busyText({ restoring, done, files }: SnapshotBusy): string {
  const what = t(restoring === null ? "snapshots.taking" : "snapshots.restoring");
  return files > 0 ? `${what} ${t("snapshots.progress", { done, files })}` : what;
}

export function restoredText(report: RestoreReport): string {
  const { files, folders, links, trashed, failed, disk_full } = report;
  const written = files + links;
  const text = listed([
    written > 0 && t("snapshots.restored.files", { count: written }),
    folders > 0 && t("snapshots.restored.folders", { count: folders }),
    trashed > 0 && t("snapshots.restored.trashed", { count: trashed }),
  ]);
  const done = text ? t("snapshots.restored", { what: text }) : t("snapshots.restored.nothing");
  if (disk_full) return `${done} ${t("snapshots.restored.full")}`;
  const [first] = failed;
  if (!first) return done;
  return `${done} ${t("snapshots.restored.failed", { count: failed.length, path: first.path, cause: first.cause })}`;
}
