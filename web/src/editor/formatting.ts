/** Formatting without a language server: JSON is written anew, other languages by Prettier or with their lines indented anew. */
import { indentRange, indentUnit, language, syntaxTree } from "@codemirror/language";
import { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { again } from "../api/again";
import { say } from "../app/toast";
import { t } from "../i18n";
import { languageOf } from "./languages";

/** Here the indentation means something, or is the writer's own: nobody else can know it. */
const LEFT_ALONE = new Set(["yaml", "markdown"]);

export async function formatText(view: EditorView, path: string): Promise<void> {
  const { state } = view;
  const name = state.facet(language)?.name ?? "";
  if (name === "json") {
    const text = formatJson(state.doc.toString(), state.facet(indentUnit));
    if (text === null) say(t("editor.format.broken"), "bad");
    else putFormatted(view, state.doc, text);
    return;
  }
  const { prettierKnows, prettify } = await again(() => import("./prettier"));
  const written = languageOf(path)?.name ?? "";
  if (prettierKnows(written)) {
    const made = await prettify(written, state.doc.toString(), state.facet(indentUnit));
    if (made.trouble === null) putFormatted(view, state.doc, made.text);
    else say(t("editor.format.error", { line: made.trouble.line, message: made.trouble.message }), "bad");
    return;
  }
  if (name === "python") {
    say(t("editor.format.python"), "bad");
    return;
  }
  if (name === "" || LEFT_ALONE.has(name) || syntaxTree(state).length === 0) {
    say(t("editor.format.none"), "bad");
    return;
  }
  const changes = indentRange(state, 0, state.doc.length);
  if (!changes.empty) view.dispatch({ changes });
}

/** Null where it is no JSON. */
export function formatJson(text: string, indent: string): string | null {
  try {
    return `${JSON.stringify(JSON.parse(text), null, indent)}\n`;
  } catch {
    return null;
  }
}

/** Of the characters, not of the lines: cursors and marks outside of it stay where they are. */
export function changedPart(before: string, after: string): { from: number; to: number; insert: string } {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

/** One step that Undo takes back; nothing where somebody has typed since `from` was formatted. */
export function putFormatted(view: EditorView, from: Text, formatted: string): void {
  if (view.state.doc !== from) return;
  const before = from.toString();
  const after = formatted.replaceAll("\r\n", "\n");
  if (before === after) return;
  const change = changedPart(before, after);
  const insert = Text.of(change.insert.split("\n"));
  view.dispatch({ changes: { ...change, insert }, userEvent: "format", scrollIntoView: true });
}
