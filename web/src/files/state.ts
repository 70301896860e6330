/** The folders that were read, which of them are open, and what is being done to them. */
import { computed, signal } from "@preact/signals";
import {
  createFolder,
  isMissing,
  listFolder,
  movePath,
  readFile,
  removePath,
  restorePath,
  writeFile,
} from "../api/files";
import { ApiError } from "../api/http";
import { type Subscription, subscribe } from "../api/sse";
import type { Entry, WatchEvent } from "../api/types";
import { t } from "../i18n";
import { different, type Part } from "../settings/part";
import {
  copyName,
  isFolder,
  isWithin,
  joinPath,
  movedPath,
  nameOf,
  parentOf,
  sortEntries,
  staleFolders,
  visibleRows,
} from "./tree";

const folders = signal<ReadonlyMap<string, readonly Entry[]>>(new Map());
const expanded = signal<ReadonlySet<string>>(new Set());

/** The folder the tree shows: the project's, inside the workspace. */
export const root = signal("");
export const selected = signal("");
export const treeLoaded = signal(false);
export const rows = computed(() => visibleRows(folders.value, expanded.value, root.value));

/** A row being named: a new file or folder in `folder`, or another name for `path`. */
export type Naming = { kind: "file" | "folder"; folder: string } | { kind: "rename"; path: string };
export const naming = signal<Naming | null>(null);

type ChangeListener = (paths: ReadonlySet<string>) => void;
type MoveListener = (from: string, to: string) => void;
type RemoveListener = (path: string) => void;
const listeners = {
  changed: new Set<ChangeListener>(),
  moved: new Set<MoveListener>(),
  removed: new Set<RemoveListener>(),
};

export const onFilesChanged = (listener: ChangeListener) => listeners.changed.add(listener);
export const onFileMoved = (listener: MoveListener) => listeners.moved.add(listener);
export const onFileRemoved = (listener: RemoveListener) => listeners.removed.add(listener);

async function readFolder(path: string): Promise<void> {
  try {
    const entries = sortEntries(await listFolder(path));
    folders.value = new Map(folders.peek()).set(path, entries);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const next = new Map(folders.peek());
    for (const known of next.keys()) if (path !== "" && isWithin(known, path)) next.delete(known);
    folders.value = next;
  }
}

const isProject = async (name: string): Promise<boolean> => {
  const entries = await listFolder(name).catch((error: unknown) => {
    // It went meanwhile.
    if (isMissing(error)) return [];
    throw error;
  });
  return entries.some((entry) => entry.name === ".git");
};

/** The name of the project that was opened last; empty for whichever there is. */
const opened = signal("");

export const projectPart: Part = {
  name: "project",
  atStart: true,
  read: () => different({ name: opened.value }, { name: "" }),
  take: ({ name }) => {
    opened.value = typeof name === "string" ? name : "";
    // The tree may have been read before the server said which project it is to be of.
    if (opened.value !== "" && treeLoaded.peek()) void openProject(opened.value).catch(() => undefined);
  },
};

/** Shows the project of this name from now on; false where the home folder has none. */
export async function openProject(name: string): Promise<boolean> {
  if (!(await isProject(name))) return false;
  opened.value = name;
  if (root.peek() !== name) await openTree();
  return true;
}

/**
 * The folder of the home folder that is a git project: the one that was opened last, or the first; the home folder itself
 * where there is none.
 */
async function findProject(): Promise<string> {
  if (opened.peek() !== "" && (await isProject(opened.peek()))) return opened.peek();
  const folders = sortEntries(await listFolder("")).filter(
    (entry) => isFolder(entry) && !entry.name.startsWith("."),
  );
  for (const { name } of folders) {
    if (await isProject(name)) return name;
  }
  return "";
}

let watch: Subscription | null = null;
let polling: ReturnType<typeof setInterval> | undefined;
const POLL_MS = 3000;

function lookAgain(): void {
  if (document.visibilityState === "visible") noteChange({ kind: "overflow", path: "" });
}

/** Reads the tree anew and follows its changes; called each time the workspace becomes ready. */
export async function openTree(): Promise<void> {
  root.value = await findProject();
  await refreshTree();
  treeLoaded.value = true;
  watch?.close();
  clearInterval(polling);
  watch = subscribe("/workspace/watch", {
    onEvent: (event) => noteChange(JSON.parse(event.data) as WatchEvent),
    // What happened while nobody watched is not told: all is looked at again.
    onOpen: () => noteChange({ kind: "overflow", path: "" }),
    again: (error) => {
      const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
      // A workspace whose agent tells no changes: it is looked at now and then instead.
      if (refused && error.status === 404) polling = setInterval(lookAgain, POLL_MS);
      return !refused;
    },
  });
}

export async function refreshTree(): Promise<void> {
  await readFolder(root.peek());
  await Promise.all([...expanded.peek()].map(readFolder));
}

const SETTLE_MS = 120;
let changed = new Set<string>();
let settle: ReturnType<typeof setTimeout> | undefined;

/** Changes come in bursts (a build, a checkout); one reading serves a burst. */
function noteChange(event: WatchEvent): void {
  if (event.kind === "polling") return;
  changed.add(event.kind === "overflow" ? "" : event.path);
  if (settle !== undefined) return;
  settle = setTimeout(() => {
    settle = undefined;
    const paths = changed;
    changed = new Set();
    const all = paths.has("");
    const stale = all ? [root.peek(), ...expanded.peek()] : staleFolders(paths, folders.peek());
    // A folder that can't be read now is read again at the next change; the tree shows what was.
    for (const folder of stale) void readFolder(folder).catch(() => undefined);
    for (const listener of listeners.changed) listener(paths);
  }, SETTLE_MS);
}

export async function toggle(path: string, open = !expanded.peek().has(path)): Promise<void> {
  const next = new Set(expanded.peek());
  if (open) next.add(path);
  else next.delete(path);
  expanded.value = next;
  if (open) await readFolder(path);
}

/** Opens every folder on the way to `path` and selects it. */
export async function reveal(path: string): Promise<void> {
  const way: string[] = [];
  for (let folder = parentOf(path); folder !== root.peek() && folder !== ""; folder = parentOf(folder))
    way.push(folder);
  for (const folder of way.reverse()) if (!expanded.peek().has(folder)) await toggle(folder, true);
  selected.value = path;
}

/** Where a new thing goes: into the selected folder, or beside the selected file. */
export function targetFolder(): string {
  const row = rows.peek().find(({ path }) => path === selected.peek());
  if (!row) return root.peek();
  return isFolder(row) ? row.path : parentOf(row.path);
}

export async function startNaming(kind: "file" | "folder"): Promise<void> {
  const folder = targetFolder();
  // The field is there at once, so that no key goes elsewhere while the folder is read.
  const reading = folder === root.peek() ? undefined : toggle(folder, true);
  naming.value = { kind, folder };
  await reading;
}

/** Creates and answers the new path. */
export async function create(kind: "file" | "folder", folder: string, name: string): Promise<string> {
  const path = joinPath(folder, name);
  if (kind === "folder") await createFolder(path);
  else if (!(await writeFile(path, "", null)).ok)
    throw new ApiError(412, { detail: t("files.exists", { name }) });
  await readFolder(folder);
  selected.value = path;
  return path;
}

export const rename = (path: string, name: string): Promise<void> =>
  move(path, joinPath(parentOf(path), name));

/** Into another folder or under another name; open files go along. */
export async function move(path: string, to: string): Promise<void> {
  if (to === path) return;
  await movePath(path, to);
  expanded.value = new Set([...expanded.peek()].map((open) => movedPath(open, path, to)));
  selected.value = to;
  for (const listener of listeners.moved) listener(path, to);
  await readFolder(parentOf(path));
  if (parentOf(to) !== parentOf(path)) await readFolder(parentOf(to));
  await Promise.all([...expanded.peek()].filter((open) => isWithin(open, to)).map(readFolder));
}

/** A copy of a file beside it, under a name that is free; answers its path. */
export async function duplicate(path: string): Promise<string> {
  const folder = parentOf(path);
  const { bytes } = await readFile(path);
  const taken = new Set((await listFolder(folder)).map(({ name }) => name));
  const copy = joinPath(folder, copyName(nameOf(path), taken, t("files.copy")));
  if (!(await writeFile(copy, new Blob([bytes as BlobPart]), null)).ok)
    throw new ApiError(412, { detail: t("files.exists", { name: nameOf(copy) }) });
  await readFolder(folder);
  selected.value = copy;
  return copy;
}

/** Answers by what it can be put back, if it can. */
export async function remove(path: string): Promise<string | null> {
  const id = await removePath(path);
  const next = new Set(expanded.peek());
  for (const open of next) if (isWithin(open, path)) next.delete(open);
  expanded.value = next;
  if (isWithin(selected.peek(), path)) selected.value = "";
  for (const listener of listeners.removed) listener(path);
  await readFolder(parentOf(path));
  return id;
}

/** Puts back what was removed. */
export async function restore(id: string): Promise<void> {
  const path = await restorePath(id);
  await readFolder(parentOf(path));
  await reveal(path);
}

/** `path` as a person says it: without the project's folder. */
export const shortPath = (path: string): string =>
  root.value !== "" && path.startsWith(`${root.value}/`) ? path.slice(root.value.length + 1) : path;

/** The workspace's path of a file that the server names relative to the project. */
export const projectPath = (file: string): string => joinPath(root.peek(), file.replace(/^\.?\//, ""));
