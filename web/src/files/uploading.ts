/** What is being sent to the workspace: dropped files and folders, one after another. */
import { computed, signal } from "@preact/signals";
import { createFolder } from "../api/files";
import { ApiError } from "../api/http";
import { sendFile } from "../api/uploads";
import { confirm } from "../app/confirm";
import { say, sayError } from "../app/toast";
import { t } from "../i18n";
import { refreshTree, toggle } from "./state";
import { joinPath, nameOf } from "./tree";

export interface Outgoing {
  path: string;
  file: File;
}

interface Progress {
  name: string;
  /** Files, from 1, and bytes of all. */
  index: number;
  count: number;
  sent: number;
  size: number;
}

export const progress = signal<Progress | null>(null);
export const percent = computed(() => {
  const now = progress.value;
  return now === null ? 0 : now.size === 0 ? 100 : Math.floor((now.sent * 100) / now.size);
});

let control: AbortController | null = null;

export function cancelUpload(): void {
  control?.abort();
}

/** Sends all; stops at the first that fails, since the next would most likely, too. */
export async function send(outgoing: readonly Outgoing[], folder: string): Promise<void> {
  if (control !== null) {
    say(t("files.uploadBusy"), "bad");
    return;
  }
  if (outgoing.length === 0) return;
  control = new AbortController();
  const { signal } = control;
  const size = outgoing.reduce((sum, { file }) => sum + file.size, 0);
  let before = 0;
  let sent = 0;
  try {
    for (const [index, { path, file }] of outgoing.entries()) {
      const onProgress = (bytes: number) => {
        progress.value = {
          name: nameOf(path),
          index: index + 1,
          count: outgoing.length,
          sent: before + bytes,
          size,
        };
      };
      onProgress(0);
      if (await sendOne(path, file, signal, onProgress)) sent += 1;
      before += file.size;
    }
    if (sent > 0) say(t("files.uploaded", { count: sent }));
  } catch (error) {
    if (signal.aborted) say(t("files.uploadCancelled"));
    else sayError(error);
  } finally {
    control = null;
    progress.value = null;
    await (folder === "" ? refreshTree() : toggle(folder, true)).catch(() => undefined);
    await refreshTree().catch(() => undefined);
  }
}

async function sendOne(
  path: string,
  file: File,
  signal: AbortSignal,
  onProgress: (sent: number) => void,
): Promise<boolean> {
  try {
    await sendFile(path, file, { signal, onProgress });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
  }
  const name = nameOf(path);
  if (
    !(await confirm(t("files.confirmReplace", { name }), t("files.confirmReplace.text"), t("files.replace")))
  )
    return false;
  await sendFile(path, file, { signal, onProgress, overwrite: true });
  return true;
}

/** The files of a drop, folders gone through; `folder` is where it fell. */
export async function dropped(data: DataTransfer, folder: string): Promise<Outgoing[]> {
  // Asked for at once: the browser forgets them after the event.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null);
  if (entries.length === 0)
    return [...data.files].map((file) => ({ path: joinPath(folder, file.name), file }));
  const found: Outgoing[] = [];
  for (const entry of entries) await gather(entry, folder, found);
  return found;
}

async function gather(entry: FileSystemEntry, folder: string, found: Outgoing[]): Promise<void> {
  const path = joinPath(folder, entry.name.normalize("NFC"));
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  let some = false;
  for (;;) {
    const inside = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (inside.length === 0) break;
    some = true;
    for (const child of inside) await gather(child, path, found);
  }
  if (!some) await createFolder(path);
}
