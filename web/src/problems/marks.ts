/** What is marked in a text, told to the list of all problems. */
import { forEachDiagnostic, setDiagnosticsEffect } from "@codemirror/lint";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import type { Problem } from "./list";
import { marked } from "./state";

/** `program` says it where a mark does not name who does. */
export const tellMarks = (path: string, program = ""): Extension =>
  EditorView.updateListener.of(({ state, transactions }) => {
    const told = transactions.some(({ effects }) =>
      effects.some((effect) => effect.is(setDiagnosticsEffect)),
    );
    if (!told) return;
    const found: Problem[] = [];
    forEachDiagnostic(state, ({ severity, message, source }, from) => {
      const line = state.doc.lineAt(from);
      found.push({
        path,
        line: line.number,
        column: from - line.from + 1,
        severity: severity === "hint" ? "info" : severity,
        message,
        source: source ?? program,
        diagnostic: null,
      });
    });
    marked.value = new Map(marked.peek()).set(path, found);
  });
