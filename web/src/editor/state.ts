/** The open files: what is saved, what is not, and what somebody else changed meanwhile. */
import type { Text } from "@codemirror/state";
import { batch, effect, untracked } from "@preact/signals";
import { isMissing, readFile, readIfChanged, readStart, type SaveResult, writeFile } from "../api/files";
import { ApiError, describe } from "../api/http";
import { say } from "../app/toast";
import { isWithin, movedPath } from "../files/tree";
import { t } from "../i18n";
import { settings } from "../settings/state";
import { isSeen } from "../viewers/kinds";
import { workspace } from "../workspace/state";
import {
  type Buffer,
  buffers,
  change,
  EMPTY,
  find,
  isPanel,
  type Panel,
  panelPath,
  unsaved,
} from "./buffers";
import { decode, LARGE_BYTES } from "./decode";
import {
  closeDocument,
  docOf,
  goTo,
  listenToChanges,
  openDocument,
  renameDocument,
  replaceText,
  textOf,
  writtenAs,
} from "./documents";
import { type Area, area, groupsOf, holding } from "./groups";
import { Journal } from "./journal";
import {
  activate,
  activePath,
  besideFront,
  moveTab,
  rememberedTabs,
  removeTab,
  renameTab,
  showRemembered,
  startRemembering,
  startTabs,
} from "./tabs";

export { type Buffer, buffers, type Panel, unsaved } from "./buffers";
export { activate, active, activePath, recent } from "./tabs";

/** The document as last saved or loaded; what differs from it is unsaved. */
const saved = new Map<string, Text>();
let journal: Journal | null = null;
let owner = "";
let stopTabs: (() => void) | null = null;
let stopFollowing: (() => void) | null = null;

/** Called once it is known whose editor this is: journal and remembered tabs are that user's. */
export function startEditor(login: string): void {
  owner = login;
  journal = new Journal(login);
  stopTabs?.();
  stopTabs = startTabs(login);
  listenToChanges(noteChange);
  addEventListener("pagehide", flushJournal);
  addEventListener("online", saveUnanswered);
  document.addEventListener("visibilitychange", noteVisibility);
  stopFollowing?.();
  // Each word of the workspace's events tells that the server answers.
  stopFollowing = effect(() => {
    if (workspace.value?.state === "ready") untracked(saveUnanswered);
  });
}

function noteVisibility(): void {
  if (document.visibilityState === "hidden") flushJournal();
  else saveUnanswered();
}

/**
 * Opens again what was open, and whatever has unsaved text. A page that twice did not come through that
 * asks first: no file can keep anybody out.
 */
export async function reopenFiles(): Promise<void> {
  const mark = `maru.opening.${owner}`;
  const tries = Number(sessionStorage.getItem(mark) ?? 0);
  sessionStorage.setItem(mark, String(tries + 1));
  const { area: before, front } = rememberedTabs();
  const fresh = buffers.peek().length === 0;
  const stuck =
    fresh && tries >= 2 && before !== null && groupsOf(before).some(({ tabs }) => tabs.length > 0);
  if (fresh && !stuck) showRemembered(before, front);
  const kept = journal?.paths() ?? [];
  await loadAll([...pathsOf(area.peek()), ...kept]);
  for (const path of kept) if (find(path) && !holding(area.peek(), path)) activate(path);
  startRemembering();
  // After two frames they have been drawn.
  requestAnimationFrame(() => requestAnimationFrame(() => sessionStorage.removeItem(mark)));
  if (stuck) {
    const again = () => loadAll(pathsOf(before)).then(() => showRemembered(before, front));
    say(t("editor.notReopened"), "bad", { label: t("editor.reopen"), run: () => void again() });
  }
}

const pathsOf = (tree: Area): string[] => groupsOf(tree).flatMap(({ tabs }) => tabs);

/** Those that are not there any more are left out, but for unsaved text. */
async function loadAll(paths: readonly string[]): Promise<void> {
  const wanted = [...new Set(paths)].filter((path) => !find(path) && !isPanel(path));
  await Promise.all(wanted.map(load));
  for (const path of wanted) if (find(path)?.status === "failed" && !journal?.read(path)) drop(path);
}

export async function openFile(path: string, at?: { line: number; column: number }): Promise<void> {
  const loading = find(path) && find(path)?.status !== "failed" ? undefined : load(path);
  activate(path);
  await loading;
  if (at && find(path)?.status === "text") requestAnimationFrame(() => goTo(path, at.line, at.column));
}

/** Shows a panel in a tab; `key` names it, and one of that key is shown anew. */
export function openPanel(key: string, panel: Panel, beside = false): void {
  const path = panelPath(key);
  const known = find(path) !== undefined;
  if (known) change(path, { panel });
  else buffers.value = [...buffers.peek(), { path, ...EMPTY, status: "panel", panel }];
  if (beside && !known) moveTab(path, besideFront());
  else activate(path);
}

/** In the file in front; lines and columns from 1. */
export function goToPlace(line: number, column: number): void {
  const path = activePath.peek();
  if (path !== null && find(path)?.status === "text") requestAnimationFrame(() => goTo(path, line, column));
}

async function load(path: string): Promise<void> {
  if (find(path)) change(path, EMPTY);
  else buffers.value = [...buffers.peek(), { path, ...EMPTY }];
  const kept = journal?.read(path) ?? null;
  try {
    const { bytes, etag, size } = await readStart(path, LARGE_BYTES);
    const content = isSeen(path) ? ({ kind: "binary" } as const) : decode(bytes, size);
    if (content.kind !== "text") {
      change(path, { status: content.kind, etag, size });
      return;
    }
    const { text, encoding } = content;
    const readOnly = encoding !== "UTF-8";
    openDocument(path, text, readOnly);
    remember(path);
    change(path, { status: "text", etag, readOnly, encoding });
    if (kept && kept.text !== text) {
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

/** One that fails again says so above its text, and waits for the next time. */
function saveUnanswered(): void {
  for (const { path, unanswered } of buffers.peek())
    if (unanswered.length > 0) save(path).catch(() => undefined);
}

function flushJournal(): void {
  clearTimeout(journalTimer);
  journalTimer = undefined;
  for (const path of unkept) {
    const buffer = find(path);
    if (!journal || buffer?.status !== "text") continue;
    if (!buffer.dirty) journal.forget(path);
    else noteRoom(journal.keep(path, { text: textOf(path), etag: buffer.etag, time: Date.now() }));
  }
  unkept.clear();
}

let full = false;

/** Without room nothing typed comes back after a crash; told once, and again only after there was room meanwhile. */
function noteRoom(kept: boolean): void {
  if (!kept && !full) say(t("editor.journalFull"), "bad");
  full = !kept;
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
    const result = await write(buffer, textOf(path));
    if (!result.ok) {
      change(path, { saving: false, conflict: { etag: result.etag }, unanswered: [] });
      return false;
    }
    saved.set(path, doc);
    const dirty = isDirty(path);
    change(path, { saving: false, etag: result.etag, dirty, recovered: null, unanswered: [] });
    unkept.add(path);
    flushJournal();
    return true;
  } catch (error) {
    const lost = error instanceof ApiError && error.status === 0;
    const unanswered = lost ? [...buffer.unanswered, doc] : [];
    change(path, { saving: false, trouble: describe(error), unanswered });
    throw error;
  }
}

/** What is in the way may be our own, of which only the answer was lost. */
async function write(buffer: Buffer, text: string): Promise<SaveResult> {
  const { path, etag, unanswered } = buffer;
  const result = await writeFile(path, text, etag);
  if (result.ok || result.etag === null || unanswered.length === 0) return result;
  const found = await readFile(path);
  return isOurs(buffer, textIn(found.bytes)) ? writeFile(path, text, found.etag) : result;
}

const isOurs = ({ path, unanswered }: Buffer, text: string | null): boolean =>
  unanswered.some((doc) => writtenAs(path, doc) === text);

/** Null for what is no text in the encoding that we write. */
function textIn(bytes: Uint8Array): string | null {
  const content = decode(bytes);
  return content.kind === "text" && content.encoding === "UTF-8" ? content.text : null;
}

/** Writes the text, which is shown in another encoding, as UTF-8; it can be edited then. */
export async function makeUtf8(path: string): Promise<void> {
  const buffer = find(path);
  if (buffer?.status !== "text" || !buffer.readOnly) return;
  const result = await writeFile(path, textOf(path), buffer.etag);
  await load(path);
  if (!result.ok) throw new Error(t("editor.conflict"));
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

/** Writes our text over the version that was looked at; false where yet another is there. */
export async function saveOver(path: string, etag: string): Promise<boolean> {
  change(path, { etag, conflict: null });
  return save(path);
}

/** Throws our text away (it can be undone in the editor) and shows what is there. */
export async function takeTheirs(path: string): Promise<void> {
  const { bytes, etag } = await readFile(path);
  adopt(path, bytes, etag);
}

function adopt(path: string, bytes: Uint8Array, etag: string): void {
  const content = decode(bytes);
  if (content.kind !== "text") {
    change(path, { ...EMPTY, status: content.kind, etag, size: bytes.length });
    return;
  }
  if (content.encoding !== find(path)?.encoding) {
    // It is written in another encoding now.
    void load(path);
    return;
  }
  replaceText(path, content.text);
  remember(path);
  change(path, { etag, dirty: false, conflict: null, recovered: null, trouble: "", unanswered: [] });
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
    const text = textIn(found.bytes);
    if (!now.dirty || text === textOf(path)) {
      // The same text, saved in another window: there is nothing to decide.
      adopt(path, found.bytes, found.etag);
    } else if (isOurs(now, text)) {
      change(path, { etag: found.etag });
      saveUnanswered();
    } else {
      change(path, { conflict: { etag: found.etag } });
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (find(path)?.etag === before.etag) change(path, { conflict: { etag: null }, dirty: true });
  }
}

function drop(path: string): void {
  if (!find(path)) return;
  removeTab(path);
  buffers.value = buffers.peek().filter((buffer) => buffer.path !== path);
  saved.delete(path);
  unkept.delete(path);
  closeDocument(path);
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
    batch(() => {
      change(buffer.path, { path: next });
      renameTab(buffer.path, next);
    });
    noteChange(next);
  }
}

export function fileRemoved(path: string): void {
  for (const buffer of buffers.peek()) if (isWithin(buffer.path, path)) close(buffer.path);
}
