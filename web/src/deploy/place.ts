/** Where a finding is: gone to by a press, and once by itself when a Deploy has failed for it. */
import type { Deployment, Diagnostic } from "../api/types";
import { say, sayError } from "../app/toast";
import { find } from "../editor/buffers";
import { openFile } from "../editor/state";
import { projectPath, reveal } from "../files/state";
import { t } from "../i18n";

export type Placed = Diagnostic & { file: string };

export const placeWords = ({ file, line, column }: Diagnostic): string =>
  file ? [file, line, column].filter((part) => part).join(":") : "";

/** In the editor, and in the tree. */
export function openPlace(path: string, at: { line: number; column: number }): void {
  openFile(path, at).catch(sayError);
  reveal(path).catch(sayError);
}

export const openFinding = ({ file, line, column }: Placed): void =>
  openPlace(projectPath(file), { line: line || 1, column: column || 1 });

/** The first that has stopped it, where that is at a line of a file. */
export function firstError(of: Deployment): Placed | null {
  const errors = of.steps.flatMap(({ diagnostics }) => diagnostics ?? []);
  const first = errors.find(({ severity }) => severity === "error");
  return first?.file && first.line ? { ...first, file: first.file } : null;
}

/** Whoever wrote just now is not to have the rest of it in another file. */
const WRITING_MS = 3000;
let wroteAt = Number.NEGATIVE_INFINITY;
addEventListener(
  "keydown",
  ({ target, ctrlKey, metaKey, timeStamp }) => {
    const text = target instanceof Element && target.closest(".cm-editor, .xterm, input, textarea");
    if (text && !ctrlKey && !metaKey) wroteAt = timeStamp;
  },
  { capture: true, passive: true },
);

/** Opens the line that a Deploy has just failed for; to somebody who writes, it is offered. */
export function showFailure(of: Deployment): void {
  const error = firstError(of);
  if (error === null || find(projectPath(error.file))?.conflict) return;
  if (performance.now() - wroteAt > WRITING_MS) {
    openFinding(error);
    return;
  }
  const action = { label: t("deploy.showLine"), run: () => openFinding(error) };
  say(t("deploy.failedAt", { place: placeWords(error) }), "bad", action);
}
