/** What is wrong in the texts that are open, counted as it is marked; and the list of it under the text. */
import { forEachDiagnostic, openLintPanel, setDiagnosticsEffect } from "@codemirror/lint";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { perform } from "../editor/documents";
import { problems } from "./count";

export const countProblems = (path: string): Extension =>
  EditorView.updateListener.of(({ state, transactions }) => {
    const told = transactions.some(({ effects }) =>
      effects.some((effect) => effect.is(setDiagnosticsEffect)),
    );
    if (!told) return;
    const count = { errors: 0, warnings: 0 };
    forEachDiagnostic(state, ({ severity }) => {
      if (severity === "error") count.errors++;
      else if (severity === "warning") count.warnings++;
    });
    problems.value = new Map(problems.peek()).set(path, count);
  });

export const showProblems = (): void => perform(openLintPanel);
