/** What a click or a key does to a row of the tree. */
import { confirm } from "../app/confirm";
import { pane } from "../app/layout";
import { sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { t } from "../i18n";
import { remove, selected, toggle } from "./state";
import { isFolder, type Row } from "./tree";

export function activate(row: Row): void {
  selected.value = row.path;
  if (isFolder(row)) {
    toggle(row.path).catch(sayError);
  } else {
    pane.value = "editor";
    openFile(row.path).catch(sayError);
  }
}

export async function askRemove(row: Row): Promise<void> {
  const text = isFolder(row) ? t("files.confirmDelete.folder") : t("files.confirmDelete.file");
  const yes = await confirm(t("files.confirmDelete", { name: row.name }), text, t("files.delete"));
  if (yes) await remove(row.path);
}
