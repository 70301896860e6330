/** What can be done to files and texts in the editor; CodeMirror's own commands among it, so that they can be found. */
import {
  addCursorAbove,
  addCursorBelow,
  copyLineDown,
  deleteLine,
  indentSelection,
  moveLineDown,
  moveLineUp,
  redo,
  selectAll,
  selectParentSyntax,
  toggleComment,
  undo,
} from "@codemirror/commands";
import { foldAll, foldCode, unfoldAll, unfoldCode } from "@codemirror/language";
import { openSearchPanel, selectNextOccurrence, selectSelectionMatches } from "@codemirror/search";
import type { Command } from "@codemirror/view";
import type { Action } from "../actions/registry";
import type { Key } from "../i18n";
import { askClose } from "./closing";
import { perform } from "./documents";
import { activate, active, activePath, buffers, save, saveAll, unsaved } from "./state";

const inText = (): boolean => active.value?.status === "text";

function step(by: 1 | -1): void {
  const all = buffers.peek();
  const now = all.findIndex(({ path }) => path === activePath.peek());
  const next = all[(now + by + all.length) % all.length];
  if (next) activate(next.path);
}

const ownFiles: Action[] = [
  {
    id: "file.save",
    title: "editor.save",
    group: "editor.title",
    keys: ["Ctrl+S"],
    run: () => {
      const path = activePath.peek();
      return path === null ? undefined : save(path);
    },
    // The browser would save the page, wherever the focus is.
    overTerminal: true,
  },
  {
    id: "file.saveAll",
    title: "action.saveAll",
    group: "editor.title",
    keys: ["Ctrl+Alt+S"],
    run: saveAll,
    when: () => unsaved.value.length > 0,
  },
  {
    id: "file.close",
    title: "action.closeFile",
    group: "editor.title",
    keys: ["Alt+W"],
    run: () => active.peek() && askClose(active.peek() as NonNullable<typeof active.value>),
    when: () => active.value !== null,
  },
  {
    id: "file.next",
    title: "action.nextFile",
    group: "editor.title",
    keys: ["Alt+PageDown"],
    run: () => step(1),
    when: () => buffers.value.length > 1,
  },
  {
    id: "file.previous",
    title: "action.previousFile",
    group: "editor.title",
    keys: ["Alt+PageUp"],
    run: () => step(-1),
    when: () => buffers.value.length > 1,
  },
];

/** Id, words, keys as CodeMirror binds them, command. */
const COMMANDS: readonly (readonly [string, Key, string, Command])[] = [
  ["find", "action.find", "Ctrl+F", openSearchPanel],
  ["undo", "action.undo", "Ctrl+Z", undo],
  ["redo", "action.redo", "Ctrl+Y", redo],
  ["comment", "action.comment", "Ctrl+/", toggleComment],
  ["nextOccurrence", "action.nextOccurrence", "Ctrl+D", selectNextOccurrence],
  ["allOccurrences", "action.allOccurrences", "Ctrl+Shift+L", selectSelectionMatches],
  ["cursorAbove", "action.cursorAbove", "Ctrl+Alt+ArrowUp", addCursorAbove],
  ["cursorBelow", "action.cursorBelow", "Ctrl+Alt+ArrowDown", addCursorBelow],
  ["lineUp", "action.lineUp", "Alt+ArrowUp", moveLineUp],
  ["lineDown", "action.lineDown", "Alt+ArrowDown", moveLineDown],
  ["copyLine", "action.copyLine", "Alt+Shift+ArrowDown", copyLineDown],
  ["deleteLine", "action.deleteLine", "Ctrl+Shift+K", deleteLine],
  ["fold", "action.fold", "Ctrl+Shift+[", foldCode],
  ["unfold", "action.unfold", "Ctrl+Shift+]", unfoldCode],
  ["foldAll", "action.foldAll", "Ctrl+Alt+[", foldAll],
  ["unfoldAll", "action.unfoldAll", "Ctrl+Alt+]", unfoldAll],
  ["indent", "action.indent", "Ctrl+Alt+\\", indentSelection],
  ["grow", "action.grow", "Ctrl+I", selectParentSyntax],
  ["all", "action.selectAll", "Ctrl+A", selectAll],
];

export const editorActions: readonly Action[] = [
  ...ownFiles,
  ...COMMANDS.map(
    ([id, title, keys, command]): Action => ({
      id: `editor.${id}`,
      title,
      group: "editor.title",
      keys: [keys],
      run: () => perform(command),
      when: inText,
      builtIn: true,
    }),
  ),
];
