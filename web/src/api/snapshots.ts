/** Snapshots of the home folder. */
import { API, ask, askJson, encodePath } from "./http";

export type SnapshotReason = "manual" | "hourly" | "recreate" | "reset" | "deploy" | "restore";

export interface SnapshotChanges {
  added: number;
  changed: number;
  removed: number;
}

export interface Snapshot {
  id: string;
  taken_at: string;
  reason: SnapshotReason;
  name: string | null;
  files: number;
  /** Of all files in it, and what it takes beside the ones before. */
  bytes: number;
  added_bytes: number;
  changes: SnapshotChanges;
  /** Files that somebody wrote to while they were read. */
  unsettled: number;
  /** Things that are not in it, not counting caches. */
  left_out: number;
}

export interface SnapshotBusy {
  restoring: string | null;
  reason: SnapshotReason;
  /** Both 0 while it is not known yet. */
  done: number;
  files: number;
}

export interface RestoreReport {
  files: number;
  folders: number;
  links: number;
  trashed: number;
  unchanged: number;
  failed: { path: string; cause: string }[];
  disk_full: boolean;
}

export interface Snapshots {
  /** The newest first. */
  snapshots: Snapshot[];
  busy: SnapshotBusy | null;
  trouble: { reason: SnapshotReason; at: string; cause: string } | null;
  restored: { snapshot: string; at: string; report?: RestoreReport; cause?: string } | null;
  bytes: number;
  bytes_limit: number;
}

export interface SnapshotEntry {
  name: string;
  /** To ask for it, also where the name is no text. */
  path: string;
  kind: "file" | "folder" | "link";
  size: number;
  modified: string | null;
  target: string | null;
}

export type Why = "cache" | "own" | "special" | "unreadable" | "too_deep" | "too_many" | "too_large";

export interface SnapshotDetails extends Snapshot {
  left_out_paths: { path: string; why: Why }[];
  unsettled_paths: string[];
}

const place = (id: string): string => `/workspace/snapshots/${encodeURIComponent(id)}`;

export const listSnapshots = (): Promise<Snapshots> => askJson<Snapshots>("/workspace/snapshots");

/** Null: it takes longer, and the list says how far it is. */
export async function takeSnapshot(name: string): Promise<Snapshot | null> {
  const response = await ask("/workspace/snapshots", { method: "POST", json: name ? { name } : {} });
  return response.status === 201 ? ((await response.json()) as Snapshot) : null;
}

export const showSnapshot = (id: string): Promise<SnapshotDetails> => askJson<SnapshotDetails>(place(id));

export const listSnapshotFolder = async (id: string, path: string): Promise<SnapshotEntry[]> =>
  (await askJson<{ entries: SnapshotEntry[] }>(`${place(id)}/tree/${encodePath(path)}`)).entries;

export const snapshotFileUrl = (id: string, path: string): string =>
  `${API}${place(id)}/files/${encodePath(path)}`;

export async function readSnapshotFile(id: string, path: string): Promise<Uint8Array> {
  const response = await ask(`${place(id)}/files/${encodePath(path)}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** All of it, or these paths. Null: it takes longer. */
export async function restoreSnapshot(id: string, paths?: readonly string[]): Promise<RestoreReport | null> {
  const response = await ask(`${place(id)}/restore`, { method: "POST", json: paths ? { paths } : {} });
  return response.status === 200 ? ((await response.json()) as RestoreReport) : null;
}
