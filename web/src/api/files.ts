/** Files of the workspace. Every write says which content it replaces, so none is lost unseen. */
import { API, ApiError, ask, askJson, encodePath } from "./http";
import type { Entry } from "./types";

export interface FileContent {
  bytes: Uint8Array;
  etag: string;
}

export type SaveResult = { ok: true; etag: string } | { ok: false; etag: string | null };

export const fileUrl = (path: string): string => `${API}/workspace/files/${encodePath(path)}`;

export async function listFolder(path: string): Promise<Entry[]> {
  return (await askJson<{ entries: Entry[] }>(`/workspace/tree/${encodePath(path)}`)).entries;
}

export async function readFile(path: string): Promise<FileContent> {
  const response = await ask(`/workspace/files/${encodePath(path)}`);
  return { bytes: new Uint8Array(await response.arrayBuffer()), etag: response.headers.get("ETag") ?? "" };
}

/** The first bytes of a file, at most `most`, and how many it has; a large one is not brought here as a whole. */
export async function readStart(path: string, most: number): Promise<FileContent & { size: number }> {
  const response = await readBytes(path, 0, most);
  // An empty file has no first byte.
  if (response.status === 416) return { ...(await readFile(path)), size: 0 };
  const bytes = new Uint8Array(await response.arrayBuffer());
  const size = Number(response.headers.get("Content-Range")?.split("/")[1] ?? bytes.length);
  return { bytes, etag: response.headers.get("ETag") ?? "", size };
}

/** The bytes from `from` on, `count` at most. */
export async function readPart(path: string, from: number, count: number): Promise<Uint8Array> {
  return new Uint8Array(await (await readBytes(path, from, count)).arrayBuffer());
}

const readBytes = (path: string, from: number, count: number): Promise<Response> =>
  ask(`/workspace/files/${encodePath(path)}`, {
    headers: { Range: `bytes=${from}-${from + count - 1}` },
    accept: [416],
    // Chromium joins parts in its cache with parts of a file that has grown since.
    cache: "no-store",
  });

/** Reads only where the content differs from `etag`; null where it is the same. */
export async function readIfChanged(path: string, etag: string): Promise<FileContent | null> {
  const response = await ask(`/workspace/files/${encodePath(path)}`, {
    headers: { "If-None-Match": etag },
    accept: [304],
  });
  if (response.status === 304) return null;
  const found = response.headers.get("ETag") ?? "";
  const bytes = new Uint8Array(await response.arrayBuffer());
  return found === etag ? null : { bytes, etag: found };
}

/**
 * Writes `text` where the file still has `etag`; null: where there is no such file yet; "*": whatever is there.
 * A conflict is an answer, with the tag of what is there now (null: gone).
 */
export async function writeFile(path: string, text: string | Blob, etag: string | null): Promise<SaveResult> {
  const headers: Record<string, string> = { "Content-Type": "application/octet-stream" };
  if (etag === null) headers["If-None-Match"] = "*";
  else if (etag !== "*") headers["If-Match"] = etag;
  const response = await ask(`/workspace/files/${encodePath(path)}`, {
    method: "PUT",
    headers,
    body: text,
    accept: [412],
  });
  const found = response.headers.get("ETag");
  if (response.status === 412) return { ok: false, etag: found };
  return { ok: true, etag: found ?? "" };
}

/** A folder as a zip. */
export const archiveUrl = (path: string): string =>
  `${API}/workspace/archive.zip?path=${encodeURIComponent(path)}`;

/** Moves to the trash; answers by what it is found there, as a part of a URL. Null: it is gone for good. */
export async function removePath(path: string): Promise<string | null> {
  const response = await ask(`/workspace/files/${encodePath(path)}`, { method: "DELETE" });
  return response.headers.get("Maru-Trash-Id");
}

export interface Trashed {
  id: string;
  /** Where it was. */
  path: string;
  kind: string;
  /** Bytes; null for a folder. */
  size: number | null;
  deleted_at: string;
}

/** What the trash holds, the newest first. */
export const trashed = async (): Promise<Trashed[]> =>
  (await askJson<{ entries: Trashed[] }>("/workspace/trash")).entries;

/** Deletes one thing in the trash for good. */
export async function discardTrashed(id: string): Promise<void> {
  await ask(`/workspace/trash/${id}`, { method: "DELETE" });
}

export async function emptyTrash(): Promise<void> {
  await ask("/workspace/trash", { method: "DELETE" });
}

/** Puts back what `removePath` answered; answers where to. */
export async function restorePath(id: string): Promise<string> {
  return (await askJson<{ path: string }>(`/workspace/trash/${id}/restore`, { method: "POST" })).path;
}

export async function movePath(from: string, to: string): Promise<void> {
  await ask("/workspace/move", { method: "POST", json: { from, to } });
}

export async function createFolder(path: string): Promise<void> {
  await ask("/workspace/folders", { method: "POST", json: { path } });
}

export const isMissing = (error: unknown): boolean => error instanceof ApiError && error.status === 404;
