/** What is being sent to the workspace: dropped files and folders, one after another. */
import { computed, signal } from "@preact/signals";
import { createFolder } from "../api/files";
import { ApiError } from "../api/http";
import { type Sending, sendFile } from "../api/uploads";
import { choose, confirm } from "../app/confirm";
import { say, sayError } from "../app/toast";
import { t } from "../i18n";
import { refreshTree, shortPath, toggle } from "./state";
import { joinPath, nameOf, parentOf } from "./tree";

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

/** Zip files that were dropped themselves; those in a dropped folder belong to it. */
const isZip = (folder: string, { path, file }: Outgoing): boolean =>
  /\.zip$/i.test(file.name) && parentOf(path) === folder;

/** Whether what is in the zip files is wanted, or they themselves; asked once for all. Null for neither. */
function askUnpack(zips: readonly Outgoing[], folder: string): Promise<boolean | null> {
  const name = zips.length === 1 ? nameOf(zips[0]?.path ?? "") : t("files.zips", { count: zips.length });
  const where = shortPath(folder) || t("files.title");
  return choose(
    t("files.unpackAsk", { name }),
    t("files.unpackAsk.text", { folder: where }),
    t("files.unpack"),
    t("files.keepZip"),
  );
}

/** Sends all; stops at the first that fails, since the next would most likely, too. */
export async function send(outgoing: readonly Outgoing[], folder: string): Promise<void> {
  const zips = outgoing.filter((each) => isZip(folder, each));
  const unpack = zips.length > 0 && (await askUnpack(zips, folder));
  if (unpack === null) return;
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
    for (const [index, each] of outgoing.entries()) {
      const { path, file } = each;
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
      const sending = { signal, onProgress, unpack: unpack && zips.includes(each) };
      if (await sendOne(each, sending)) sent += 1;
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

async function sendOne({ path, file }: Outgoing, sending: Sending): Promise<boolean> {
  const target = sending.unpack ? parentOf(path) : path;
  try {
    await sendFile(target, file, sending);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== (sending.unpack ? 409 : 412)) throw error;
    if (sending.unpack && error.code !== "exists") throw error;
  }
  const name = nameOf(path);
  const [title, text] = sending.unpack
    ? [t("files.confirmUnpackOver", { name }), t("files.confirmUnpackOver.text")]
    : [t("files.confirmReplace", { name }), t("files.confirmReplace.text")];
  if (!(await confirm(title, text, t("files.replace")))) return false;
  await sendFile(target, file, { ...sending, overwrite: true });
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
