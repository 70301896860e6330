/** What a language server can be asked about the text in front. Its keys are bound in the text itself. */
import type { Action } from "../actions/registry";
import { frontView, perform } from "../editor/documents";
import { active, activePath } from "../editor/state";
import type { Key } from "../i18n";
import { serverOf } from "./ids";
import { running } from "./state";

type Name = "jumpToDefinition" | "findReferences" | "renameSymbol";

const QUESTIONS: readonly (readonly [Name, Key, string])[] = [
  ["jumpToDefinition", "language.definition", "F12"],
  ["findReferences", "language.references", "Shift+F12"],
  ["renameSymbol", "language.rename", "F2"],
];

const helped = (): boolean => {
  const found = serverOf(activePath.value ?? "");
  return found !== null && running.value.get(found.server) === "running";
};

/** By the language server where it can; else by what is known of the language. */
const format: Action = {
  id: "language.formatDocument",
  title: "language.format",
  group: "editor.title",
  keys: ["Alt+Shift+F"],
  run: async () => {
    const view = frontView();
    const path = activePath.peek();
    if (!view || path === null || view.state.readOnly) return;
    view.focus();
    if (helped() && (await (await import("./client")).formatByServer(view))) return;
    const { formatText } = await import("../editor/formatting");
    await formatText(view, path);
  },
  when: () => active.value?.status === "text",
};

const questions = QUESTIONS.map(
  ([name, title, keys]): Action => ({
    id: `language.${name}`,
    title,
    group: "editor.title",
    keys: [keys],
    run: () => import("./client").then((module) => perform(module[name])),
    when: helped,
    builtIn: true,
  }),
);

export const languageActions: readonly Action[] = [format, ...questions];
