/** What a click or a key does to a row of the tree. */
import { pane } from "../app/layout";
import { say, sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { t } from "../i18n";
import { remove, restore, selected, toggle } from "./state";
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

/** Without a question: it goes to the trash, and can be had back. */
export async function throwAway(row: Row): Promise<void> {
  const id = await remove(row.path);
  if (id === null) return;
  const undo = { label: t("files.undo"), run: () => void restore(id).catch(sayError) };
  say(t("files.inTrash", { name: row.name }), "good", undo);
}
