/** Closing a file asks where unsaved text would be lost. */
import { confirm } from "../app/confirm";
import { nameOf } from "../files/tree";
import { t } from "../i18n";
import { type Buffer, close } from "./state";

export async function askClose(buffer: Buffer): Promise<void> {
  if (buffer.dirty) {
    const title = t("editor.closeDirty", { name: nameOf(buffer.path) });
    if (!(await confirm(title, t("editor.closeDirty.text"), t("editor.closeDirty.confirm")))) return;
  }
  close(buffer.path);
}
