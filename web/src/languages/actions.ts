/** What a language server can be asked about the text in front. Its keys are bound in the text itself. */
import type { Action } from "../actions/registry";
import { perform } from "../editor/documents";
import { active, activePath } from "../editor/state";
import type { Key } from "../i18n";
import { serverOf } from "./ids";
import { running } from "./state";

type Name = "jumpToDefinition" | "findReferences" | "renameSymbol" | "formatDocument";

const QUESTIONS: readonly (readonly [Name, Key, string])[] = [
  ["jumpToDefinition", "language.definition", "F12"],
  ["findReferences", "language.references", "Shift+F12"],
  ["renameSymbol", "language.rename", "F2"],
  ["formatDocument", "language.format", "Alt+Shift+F"],
];

const helped = (): boolean => {
  const found = serverOf(activePath.value ?? "");
  return found !== null && running.value.get(found.server) === "running";
};

const problems: Action = {
  id: "problems.show",
  title: "problems.title",
  group: "editor.title",
  keys: ["Ctrl+Shift+M"],
  run: () => import("../checking/problems").then(({ showProblems }) => showProblems()),
  when: () => active.value?.status === "text",
};

export const languageActions: readonly Action[] = [
  problems,
  ...QUESTIONS.map(
    ([name, title, keys]): Action => ({
      id: `language.${name}`,
      title,
      group: "editor.title",
      keys: [keys],
      run: () => import("./client").then((module) => perform(module[name])),
      when: helped,
      builtIn: true,
    }),
  ),
];
