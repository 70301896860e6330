/** The open files: what is saved, what is not, and what somebody else changed meanwhile. */
import type { Text } from "@codemirror/state";
import { computed, signal } from "@preact/signals";
import type { ComponentChild } from "preact";
import { isMissing, readFile, readIfChanged, writeFile } from "../api/files";
import { describe } from "../api/http";
import type { IconName } from "../app/icons";
import { isWithin, movedPath } from "../files/tree";
import { settings } from "../settings/state";
import { decode } from "./decode";
import {
  closeDocument,
  docOf,
  goTo,
  listenToChanges,
  openDocument,
  renameDocument,
  replaceText,
  showDocument,
  textOf,
} from "./documents";
import { Journal } from "./journal";

export interface Buffer {
  path: string;
  status: "loading" | "text" | "binary" | "large" | "failed" | "panel";
  /** What the tab shows where it is no file. */
  panel?: Panel;
  /** Of the content that our text is based on; null where there was no file. */
  etag: string | null;
  dirty: boolean;
  saving: boolean;
  readOnly: boolean;
  /** Somebody else's content is there now: its tag, or null where the file is gone. */
  conflict: { etag: string | null } | null;
  /** When the text was typed that the journal brought back, in Unix milliseconds. */
  recovered: number | null;
  /** What went wrong at the last load or save, in words. */
  trouble: string;
}

/** Something else in the place of a file: a difference, a commit. Its tab is not remembered. */
export interface Panel {
  title: () => string;
  icon: IconName;
  render: () => ComponentChild;
}

export const buffers = signal<readonly Buffer[]>([]);
export const activePath = signal<string | null>(null);
export const active = computed(() => buffers.value.find(({ path }) => path === activePath.value) ?? null);
/** Files by when they were looked at, the last first. */
export const recent = signal<readonly string[]>([]);
export const unsaved = computed(() => buffers.value.filter((buffer) => buffer.dirty));

const RECENT = 30;

/** The document as last saved or loaded; what differs from it is unsaved. */
const saved = new Map<string, Text>();
let journal: Journal | null = null;
let owner = "";

const find = (path: string): Buffer | undefined => buffers.peek().find((buffer) => buffer.path === path);

function change(path: string, part: Partial<Buffer>): void {
  buffers.value = buffers.peek().map((buffer) => (buffer.path === path ? { ...buffer, ...part } : buffer));
}

/** Called once it is known whose editor this is: journal and remembered tabs are that user's. */
export function startEditor(login: string): void {
  owner = login;
  journal = new Journal(login);
  listenToChanges(noteChange);
  addEventListener("pagehide", flushJournal);
  document.addEventListener(
    "visibilitychange",
    () => document.visibilityState === "hidden" && flushJournal(),
  );
}

/** Opens again what was open in this browser, and whatever has unsaved text. */
export async function reopenFiles(): Promise<void> {
  const { paths, active: last } = rememberedTabs();
  const wanted = [...new Set([...paths, ...(journal?.paths() ?? [])])];
  await Promise.all(wanted.filter((path) => !find(path)).map((path) => load(path)));
  for (const path of wanted) {
    const buffer = find(path);
    if (buffer?.status === "failed" && !journal?.read(path)) drop(path);
  }
  if (activePath.peek() === null) activate(find(last ?? "")?.path ?? buffers.peek()[0]?.path ?? null);
}

const tabsKey = () => `maru.tabs.${owner}`;

function rememberedTabs(): { paths: string[]; active: string | null } {
  try {
    return { paths: [], active: null, ...(JSON.parse(localStorage.getItem(tabsKey()) ?? "{}") as object) };
  } catch {
    return { paths: [], active: null };
  }
}

function rememberTabs(): void {
  const files = buffers.peek().filter(({ status }) => status !== "panel");
  const tabs = { paths: files.map(({ path }) => path), active: activePath.peek() };
  localStorage.setItem(tabsKey(), JSON.stringify(tabs));
}

export function activate(path: string | null): void {
  activePath.value = path;
  if (path !== null && find(path)?.status !== "panel")
    recent.value = [path, ...recent.peek().filter((each) => each !== path)].slice(0, RECENT);
  showDocument(path !== null && find(path)?.status === "text" ? path : null);
  rememberTabs();
}

export async function openFile(path: string, at?: { line: number; column: number }): Promise<void> {
  const loading = find(path) && find(path)?.status !== "failed" ? undefined : load(path);
  activate(path);
  await loading;
  if (activePath.peek() === path) activate(path);
  if (at && find(path)?.status === "text") requestAnimationFrame(() => goTo(path, at.line, at.column));
}

/** Shows a panel in a tab; `key` names it, and one of that key is shown anew. */
export function openPanel(key: string, panel: Panel): void {
  const path = `panel:${key}`;
  if (find(path)) change(path, { panel });
  else buffers.value = [...buffers.peek(), { path, ...EMPTY, status: "panel", panel }];
  activate(path);
}

/** In the file in front; lines and columns from 1. */
export function goToPlace(line: number, column: number): void {
  const path = activePath.peek();
  if (path !== null && find(path)?.status === "text") requestAnimationFrame(() => goTo(path, line, column));
}

const EMPTY: Omit<Buffer, "path"> = {
  status: "loading",
  etag: null,
  dirty: false,
  saving: false,
  readOnly: false,
  conflict: null,
  recovered: null,
  trouble: "",
};

async function load(path: string): Promise<void> {
  if (find(path)) change(path, EMPTY);
  else buffers.value = [...buffers.peek(), { path, ...EMPTY }];
  const kept = journal?.read(path) ?? null;
  try {
    const { bytes, etag } = await readFile(path);
    const content = decode(bytes);
    if (content.kind !== "text") {
      change(path, { status: content.kind, etag });
      return;
    }
    openDocument(path, content.text, content.readOnly);
    remember(path);
    change(path, { status: "text", etag, readOnly: content.readOnly });
    if (kept && kept.text !== content.text) {
      replaceText(path, kept.text);
      change(path, { dirty: true, recovered: kept.time, conflict: kept.etag === etag ? null : { etag } });
    } else {
      journal?.forget(path);
    }
  } catch (error) {
    if (kept && isMissing(error)) {
      openDocument(path, kept.text, false);
      change(path, { status: "text", dirty: true, recovered: kept.time, conflict: { etag: null } });
    } else {
      change(path, { status: "failed", trouble: describe(error) });
    }
  }
}

function remember(path: string): void {
  const doc = docOf(path);
  if (doc) saved.set(path, doc);
}

function isDirty(path: string): boolean {
  const doc = docOf(path);
  const base = saved.get(path);
  return doc !== undefined && (base === undefined || !doc.eq(base));
}

const JOURNAL_MS = 300;
const unkept = new Set<string>();
let journalTimer: ReturnType<typeof setTimeout> | undefined;

function noteChange(path: string): void {
  const dirty = isDirty(path);
  if (find(path)?.dirty !== dirty) change(path, { dirty });
  unkept.add(path);
  journalTimer ??= setTimeout(flushJournal, JOURNAL_MS);
  clearTimeout(autosaveTimer);
  if (settings.peek().autosave) autosaveTimer = setTimeout(autosave, AUTOSAVE_MS);
}

const AUTOSAVE_MS = 1000;
let autosaveTimer: ReturnType<typeof setTimeout> | undefined;

/** A file that can't be saved says so itself, above its text. */
function autosave(): void {
  for (const { path, saving } of unsaved.peek()) {
    if (saving) autosaveTimer = setTimeout(autosave, AUTOSAVE_MS);
    else save(path).catch(() => undefined);
  }
}

function flushJournal(): void {
  clearTimeout(journalTimer);
  journalTimer = undefined;
  for (const path of unkept) {
    const buffer = find(path);
    if (buffer?.status !== "text") continue;
    if (!buffer.dirty) journal?.forget(path);
    else journal?.keep(path, { text: textOf(path), etag: buffer.etag, time: Date.now() });
  }
  unkept.clear();
}

/** True once the text that was there at the call is on the disk. */
export async function save(path: string): Promise<boolean> {
  const buffer = find(path);
  if (buffer?.status !== "text" || buffer.readOnly) return true;
  if (buffer.saving || buffer.conflict) return false;
  const doc = docOf(path);
  if (!doc) return true;
  change(path, { saving: true, trouble: "" });
  try {
    const result = await writeFile(path, textOf(path), buffer.etag);
    if (!result.ok) {
      change(path, { saving: false, conflict: { etag: result.etag } });
      return false;
    }
    saved.set(path, doc);
    change(path, { saving: false, etag: result.etag, dirty: isDirty(path), recovered: null });
    unkept.add(path);
    flushJournal();
    return true;
  } catch (error) {
    change(path, { saving: false, trouble: describe(error) });
    throw error;
  }
}

/** The text of a file that is open to be changed, saved or not; null for any other. */
export function editedText(path: string): string | null {
  const buffer = find(path);
  return buffer?.status === "text" && !buffer.readOnly && !buffer.conflict ? textOf(path) : null;
}

/** Gives an open file another text, as a change that Undo takes back; saved where it was saved before. */
export async function putText(path: string, text: string): Promise<void> {
  const wasDirty = find(path)?.dirty ?? false;
  replaceText(path, text);
  if (!wasDirty) await save(path);
}

/** Saves all; answers the first path that could not be saved, null where all are. */
export async function saveAll(): Promise<string | null> {
  for (const { path } of unsaved.peek()) if (!(await save(path))) return path;
  return null;
}

/** Writes our text over what is there; a third change in between is a conflict again. */
export async function keepMine(path: string): Promise<void> {
  const conflict = find(path)?.conflict;
  if (!conflict) return;
  change(path, { etag: conflict.etag, conflict: null });
  await save(path);
}

/** Throws our text away (it can be undone in the editor) and shows what is there. */
export async function takeTheirs(path: string): Promise<void> {
  const { bytes, etag } = await readFile(path);
  adopt(path, bytes, etag);
}

function adopt(path: string, bytes: Uint8Array, etag: string): void {
  const content = decode(bytes);
  if (content.kind !== "text") {
    change(path, { ...EMPTY, status: content.kind, etag });
    return;
  }
  replaceText(path, content.text);
  remember(path);
  change(path, { etag, dirty: false, conflict: null, recovered: null, trouble: "" });
  unkept.add(path);
  flushJournal();
}

/** Something changed on the disk: those of our files among it are looked at again. */
export function checkOutside(paths: ReadonlySet<string>): void {
  for (const { path, status } of buffers.peek()) {
    if (status !== "text" || !(paths.has("") || [...paths].some((changed) => isWithin(path, changed))))
      continue;
    // Unreachable now: the next change or save finds out.
    void lookAgain(path).catch(() => undefined);
  }
}

async function lookAgain(path: string): Promise<void> {
  const before = find(path);
  if (!before || before.saving) return;
  try {
    const found = await readIfChanged(path, before.etag ?? "");
    const now = find(path);
    // A save of ours that ended meanwhile knows better.
    if (!found || !now || now.saving || now.etag !== before.etag) return;
    if (now.dirty) change(path, { conflict: { etag: found.etag } });
    else adopt(path, found.bytes, found.etag);
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (find(path)?.etag === before.etag) change(path, { conflict: { etag: null }, dirty: true });
  }
}

function drop(path: string): void {
  const index = buffers.peek().findIndex((buffer) => buffer.path === path);
  if (index < 0) return;
  buffers.value = buffers.peek().filter((buffer) => buffer.path !== path);
  saved.delete(path);
  unkept.delete(path);
  closeDocument(path);
  if (activePath.peek() === path)
    activate(buffers.peek()[Math.min(index, buffers.peek().length - 1)]?.path ?? null);
  rememberTabs();
}

/** Closes without asking; unsaved text is gone with it. */
export function close(path: string): void {
  journal?.forget(path);
  drop(path);
}

export function fileMoved(from: string, to: string): void {
  for (const buffer of buffers.peek()) {
    const next = movedPath(buffer.path, from, to);
    if (next === buffer.path) continue;
    const base = saved.get(buffer.path);
    saved.delete(buffer.path);
    if (base) saved.set(next, base);
    if (buffer.status === "text") renameDocument(buffer.path, next);
    journal?.forget(buffer.path);
    const wasActive = activePath.peek() === buffer.path;
    change(buffer.path, { path: next });
    if (wasActive) activate(next);
    noteChange(next);
  }
  rememberTabs();
}

export function fileRemoved(path: string): void {
  for (const buffer of buffers.peek()) if (isWithin(buffer.path, path)) close(buffer.path);
}
