import { pane } from "../../app/layout";
import { sayError } from "../../app/toast";
import { openFile } from "../../editor/state";
import { projectPath } from "../../files/state";

/** Opens a file of the project, at its beginning where no line is said. */
export function openSource(file: string, line: number | null): void {
  pane.value = "editor";
  openFile(projectPath(file), { line: line ?? 1, column: 1 }).catch(sayError);
}
