/** The tree's rules, without the network: order, visible rows, names. */
import type { Entry, EntryKind } from "../api/types";

export type Folders = ReadonlyMap<string, readonly Entry[]>;

export interface Row {
  path: string;
  name: string;
  kind: EntryKind;
  depth: number;
  expanded: boolean;
  /** Position among its siblings, from 1, and their number: for screen readers. */
  position: number;
  siblings: number;
}

/** Git's own store is not for editing by hand. */
const HIDDEN = new Set([".git"]);

export const isFolder = (entry: { kind: EntryKind; target_kind?: EntryKind | undefined }): boolean =>
  entry.kind === "folder" || entry.target_kind === "folder";

export const joinPath = (folder: string, name: string): string =>
  folder === "" ? name : `${folder}/${name}`;

export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Folders first, then by name as people count (file2 before file10). */
export function sortEntries(entries: readonly Entry[]): Entry[] {
  return entries
    .filter((entry) => !HIDDEN.has(entry.name))
    .sort(
      (a, b) =>
        Number(isFolder(b)) - Number(isFolder(a)) ||
        a.name.localeCompare(b.name, undefined, { numeric: true }),
    );
}

/** What is on screen, top to bottom. A folder not read yet shows as expanded and empty. */
export function visibleRows(folders: Folders, expanded: ReadonlySet<string>, root: string): Row[] {
  const rows: Row[] = [];
  const walk = (folder: string, depth: number) => {
    const entries = folders.get(folder) ?? [];
    entries.forEach((entry, index) => {
      const path = joinPath(folder, entry.name);
      const open = isFolder(entry) && expanded.has(path);
      rows.push({
        path,
        name: entry.name,
        kind: isFolder(entry) ? "folder" : entry.kind,
        depth,
        expanded: open,
        position: index + 1,
        siblings: entries.length,
      });
      if (open) walk(path, depth + 1);
    });
  };
  walk(root, 0);
  return rows;
}

export function isGoodName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0");
}

/** The path after `from` became `to`; unchanged where it lies elsewhere. */
export function movedPath(path: string, from: string, to: string): string {
  if (path === from) return to;
  return path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
}

export const isWithin = (path: string, folder: string): boolean =>
  folder === "" || path === folder || path.startsWith(`${folder}/`);

/** The folders to read again after changes at `paths`, of those that were read before. */
export function staleFolders(paths: Iterable<string>, known: Folders): Set<string> {
  const stale = new Set<string>();
  for (const path of paths) {
    const parent = parentOf(path);
    if (known.has(parent)) stale.add(parent);
    if (known.has(path)) stale.add(path);
  }
  return stale;
}

/** `app.py` copied: `app copy.py`, then `app copy 2.py`, whichever is free. */
export function copyName(name: string, taken: ReadonlySet<string>, word: string): string {
  const dot = name.lastIndexOf(".");
  // A name that begins with its only dot has no end.
  const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  for (let count = 1; ; count++) {
    const copy = `${stem} ${word}${count === 1 ? "" : ` ${count}`}${end}`;
    if (!taken.has(copy)) return copy;
  }
}

/** Whether a drop of `path` into `folder` would move anything: not into itself, nor to where it is. */
export const canMove = (path: string, folder: string): boolean =>
  parentOf(path) !== folder && !(path === folder || isWithin(folder, path));
