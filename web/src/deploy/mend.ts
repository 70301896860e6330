/** A fix made for the student: found once more in the files as they are now, made in the editor, saved, shown. */
import { askJson } from "../api/http";
import type { Diagnostic, Edit } from "../api/types";
import { pane } from "../app/layout";
import { say } from "../app/toast";
import { applyEdits } from "../editor/edits";
import { editedText, openFile, putText, saveAll } from "../editor/state";
import { projectPath } from "../files/state";
import { t } from "../i18n";

/** What the check finds in the workspace's manifests. */
export async function checked(): Promise<Diagnostic[]> {
  const answer = await askJson<{ diagnostics: Diagnostic[] }>("/check", { method: "POST", json: {} });
  return answer.diagnostics;
}

export async function mend(diagnostic: Diagnostic, findings = checked): Promise<void> {
  if ((await saveAll()) !== null) return say(t("deploy.mend.unsaved"), "bad");
  const diagnostics = await findings();
  const { code, file, message } = diagnostic;
  const found = diagnostics.filter(
    (one) => one.code === code && one.file === file && one.message === message,
  );
  // The file may have moved on: of several alike, the one that is nearest to where it was.
  const away = (one: Diagnostic) => Math.abs((one.line ?? 0) - (diagnostic.line ?? 0));
  const now = found.toSorted((a, b) => away(a) - away(b))[0];
  const mended = now?.edits?.length ? await mendFiles(now.edits) : null;
  if (mended === null) return say(t("deploy.mend.gone"), "good");
  say(t("deploy.mend.done", { file: mended }), "good");
}

/** Answers the files that were changed; null where none was. */
export async function mendFiles(edits: readonly Edit[]): Promise<string | null> {
  const files = [...new Set(edits.map(({ file }) => file))];
  const texts: [path: string, text: string][] = [];
  pane.value = "editor";
  for (const file of files) {
    const path = projectPath(file);
    const own = edits.filter((edit) => edit.file === file);
    await openFile(path, { line: own[0]?.line ?? 1, column: own[0]?.column ?? 1 });
    const text = applyEdits(editedText(path) ?? "", own);
    if (text === null) return null;
    texts.push([path, text]);
  }
  for (const [path, text] of texts) await putText(path, text);
  return files.join(", ");
}
