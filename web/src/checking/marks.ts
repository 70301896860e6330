/** What the check says of a text, marked in it while it is typed, with the fixes that can be made. */
import { type Action, linter, lintGutter, lintKeymap, type Diagnostic as Mark } from "@codemirror/lint";
import type { Extension, Text } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { h, render } from "preact";
import type { Diagnostic } from "../api/types";
import { sayError } from "../app/toast";
import { Words } from "../app/Words";
import { mend } from "../deploy/mend";
import { replaceText, textOf } from "../editor/documents";
import { applyEdits } from "../editor/edits";
import { projectPath } from "../files/state";
import { t } from "../i18n";
import { checkAll } from "../problems/check";
import { tellMarks } from "../problems/marks";

const DELAY_MS = 500;

async function check(path: string): Promise<readonly Diagnostic[]> {
  return (await checkAll()).filter(({ file }) => file && projectPath(file) === path);
}

/** Columns count characters; a place that is no longer there is the nearest that is. */
function offsetOf(doc: Text, line: number, column: number): number {
  const at = doc.line(Math.min(Math.max(1, line), doc.lines));
  return at.from + [...at.text].slice(0, Math.max(0, column - 1)).join("").length;
}

/** For a place that is not Preact's. */
function nodeOf(message: string): Node {
  const place = document.createElement("span");
  render(h(Words, { of: message }), place);
  return place;
}

function markOf(path: string, doc: Text, diagnostic: Diagnostic): Mark {
  const from = offsetOf(doc, diagnostic.line ?? 1, diagnostic.column ?? 1);
  const word = /^[^\s:,]+/.exec(doc.sliceString(from, doc.lineAt(from).to))?.[0].length ?? 0;
  const { message, fix, edits } = diagnostic;
  const words = fix ? `${message}\n${t("deploy.fix")}: ${fix}` : message;
  const actions: Action[] = edits?.length
    ? [{ name: t("deploy.mend"), apply: () => makeFix(path, diagnostic) }]
    : [];
  return {
    from,
    to: from + word,
    severity: diagnostic.severity,
    source: diagnostic.code,
    message: words,
    renderMessage: () => nodeOf(words),
    actions,
  };
}

/** In this text alone at once, as one change that Undo takes back; in several files as Deploy does it. */
function makeFix(path: string, diagnostic: Diagnostic): void {
  const edits = diagnostic.edits ?? [];
  if (edits.every(({ file }) => projectPath(file) === path)) {
    const text = applyEdits(textOf(path), edits);
    if (text !== null) replaceText(path, text);
  } else {
    mend(diagnostic).catch(sayError);
  }
}

const theme = EditorView.theme({ ".cm-field-words": { padding: "6px 10px", whiteSpace: "pre-line" } });

/** `cm-field-words` is the class of what is told of a word. */
export const checkMarks = (path: string): Extension => [
  linter(
    async ({ state }) => {
      const { doc } = state;
      // While it cannot be asked, what was said stays out of the way.
      const found = await check(path).catch(() => []);
      return found.map((diagnostic) => markOf(path, doc, diagnostic));
    },
    { delay: DELAY_MS },
  ),
  lintGutter(),
  keymap.of(lintKeymap),
  tellMarks(path),
  theme,
];
