/** A rename in files that are not shown: the client makes it in those that are, and would leave the others behind. */
import { readFile, writeFile } from "../api/files";
import { say, sayError } from "../app/toast";
import { decode } from "../editor/decode";
import { editedText, putText } from "../editor/state";
import { t } from "../i18n";
import { applyTextEdits, type Changes } from "./edits";
import { pathOf } from "./ids";

/** What is not shown is saved at once; the message takes it back. */
export async function renameElsewhere(
  home: string,
  changes: Changes,
  shown: ReadonlySet<string>,
): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  for (const [uri, edits] of Object.entries(changes)) {
    const path = pathOf(home, uri);
    if (path === null || shown.has(uri)) continue;
    const open = editedText(path);
    if (open !== null) {
      await putText(path, applyTextEdits(open, edits));
      undo.push(() => putText(path, open));
      continue;
    }
    const { bytes, etag } = await readFile(path);
    const content = decode(bytes);
    if (content.kind !== "text" || content.encoding !== "UTF-8")
      throw new Error(t("language.notRenamed", { path }));
    const saved = await writeFile(path, applyTextEdits(content.text, edits), etag);
    if (!saved.ok) throw new Error(t("language.notRenamed", { path }));
    undo.push(() => writeFile(path, content.text, saved.etag));
  }
  if (undo.length === 0) return;
  say(t("language.renamed", { count: undo.length }), "good", {
    label: t("files.undo"),
    run: () => void Promise.all(undo.map((back) => back())).catch(sayError),
  });
}
