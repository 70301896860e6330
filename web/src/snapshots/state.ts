/** The snapshots as they were last asked for, the one that is looked into, and what is being done with them. */
import { computed, signal } from "@preact/signals";
import { describe } from "../api/http";
import {
  listSnapshotFolder,
  listSnapshots,
  type RestoreReport,
  restoreSnapshot,
  type Snapshot,
  type SnapshotDetails,
  type SnapshotEntry,
  type Snapshots,
  showSnapshot,
  takeSnapshot,
} from "../api/snapshots";
import { t } from "../i18n";
import { restoredText } from "./words";

export const all = signal<Snapshots | null>(null);
/** Said at the top of the dialog: what was done, or what went wrong. */
export const said = signal<{ tone: "good" | "bad"; text: string } | null>(null);
/** The request of ours that is under way. */
const asking = signal(false);
export const busy = computed(() => asking.value || (all.value?.busy ?? null) !== null);

export interface Opened {
  snapshot: Snapshot;
  details: SnapshotDetails | null;
  folder: string;
  /** Null while they are read. */
  entries: readonly SnapshotEntry[] | null;
}
export const opened = signal<Opened | null>(null);

function fail(error: unknown): void {
  said.value = { tone: "bad", text: describe(error) };
}

/** The restore that we wait for by looking at the list, by the time of the one before it. */
let awaited: { before: string | undefined } | null = null;

export async function refresh(): Promise<void> {
  try {
    const found = await listSnapshots();
    all.value = found;
    if (awaited && found.restored && found.restored.at !== awaited.before) {
      awaited = null;
      const { report, cause } = found.restored;
      if (report) tellRestored(report);
      else said.value = { tone: "bad", text: cause ?? "" };
    }
  } catch (error) {
    fail(error);
  }
}

async function doing(work: () => Promise<void>): Promise<void> {
  if (asking.peek()) return;
  asking.value = true;
  said.value = null;
  try {
    await work();
  } catch (error) {
    fail(error);
  } finally {
    asking.value = false;
    await refresh();
  }
}

export const take = (name: string): Promise<void> =>
  doing(async () => {
    const taken = await takeSnapshot(name);
    if (taken) said.value = { tone: "good", text: t("snapshots.taken") };
  });

function tellRestored(report: RestoreReport): void {
  const good = report.failed.length === 0 && !report.disk_full;
  said.value = { tone: good ? "good" : "bad", text: restoredText(report) };
}

export const restore = (id: string, paths?: readonly string[]): Promise<void> =>
  doing(async () => {
    const before = all.peek()?.restored?.at;
    const report = await restoreSnapshot(id, paths);
    if (report) tellRestored(report);
    else awaited = { before };
  });

export async function openSnapshot(snapshot: Snapshot): Promise<void> {
  said.value = null;
  opened.value = { snapshot, details: null, folder: "", entries: null };
  // What is not in it is told beside the files; they show without it.
  showSnapshot(snapshot.id)
    .then((details) => {
      const now = opened.peek();
      if (now?.snapshot.id === snapshot.id) opened.value = { ...now, details };
    })
    .catch(fail);
  await openFolder("");
}

export async function openFolder(folder: string): Promise<void> {
  const before = opened.peek();
  if (!before) return;
  opened.value = { ...before, folder, entries: null };
  try {
    const entries = await listSnapshotFolder(before.snapshot.id, folder);
    const now = opened.peek();
    if (now?.snapshot.id === before.snapshot.id && now.folder === folder) opened.value = { ...now, entries };
  } catch (error) {
    fail(error);
  }
}

export function closeSnapshot(): void {
  opened.value = null;
  said.value = null;
}
