/** What a click or a key does to a row of the tree. */
import { pane } from "../app/layout";
import { say, sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { t } from "../i18n";
import { move, remove, restore, selected, shortPath, toggle } from "./state";
import { canMove, isFolder, joinPath, nameOf, type Row } from "./tree";

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

/** What a drop of a row onto a folder does; the message takes it back. */
export async function moveInto(path: string, folder: string): Promise<void> {
  if (!canMove(path, folder)) return;
  const to = joinPath(folder, nameOf(path));
  await move(path, to);
  const undo = { label: t("files.undo"), run: () => void move(to, path).catch(sayError) };
  const where = shortPath(folder) || nameOf(folder) || t("files.title");
  say(t("files.moved", { name: nameOf(path), folder: where }), "good", undo);
}
