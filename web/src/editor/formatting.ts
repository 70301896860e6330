/** Formatting without a language server: JSON is written anew, other languages have their lines indented anew. */
import { indentRange, indentUnit, language, syntaxTree } from "@codemirror/language";
import type { Command } from "@codemirror/view";
import { say } from "../app/toast";
import { t } from "../i18n";

/** Here the indentation means something, or is the writer's own: nobody else can know it. */
const LEFT_ALONE = new Set(["python", "yaml", "markdown"]);

export const formatText: Command = (view) => {
  const { state } = view;
  const name = state.facet(language)?.name ?? "";
  if (name === "json") {
    const text = formatJson(state.sliceDoc(), state.facet(indentUnit));
    if (text === null) say(t("editor.format.broken"), "bad");
    else if (text !== state.sliceDoc())
      view.dispatch({ changes: { from: 0, to: state.doc.length, insert: state.toText(text) } });
    return true;
  }
  if (name === "" || LEFT_ALONE.has(name) || syntaxTree(state).length === 0) {
    say(t("editor.format.none"), "bad");
    return true;
  }
  const changes = indentRange(state, 0, state.doc.length);
  if (!changes.empty) view.dispatch({ changes });
  return true;
};

/** Null where it is no JSON. */
export function formatJson(text: string, indent: string): string | null {
  try {
    return `${JSON.stringify(JSON.parse(text), null, indent)}\n`;
  } catch {
    return null;
  }
}
