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
import { viewerOf } from "../viewers/kinds";
import { showPreview } from "../viewers/open";
import { askClose } from "./closing";
import { focusEditor, perform } from "./documents";
import { frontGroup, groups } from "./groups";
import { activate, active, activePath, save, saveAll, unsaved } from "./state";
import { activateGroup, joinGroup, moveTab, neighbour, split } from "./tabs";

const inText = (): boolean => active.value?.status === "text";

function step(by: 1 | -1): void {
  const { tabs, active } = frontGroup.peek();
  const next = tabs[(tabs.indexOf(active ?? "") + by + tabs.length) % tabs.length];
  if (next !== undefined) activate(next);
}

/** Moves the tab in front into a neighbouring group; beside it, where there is no other. */
function moveOn(by: 1 | -1): void {
  const { id, active } = frontGroup.peek();
  if (active === null) return;
  const to = neighbour(by);
  if (to === id) split(id, by === 1 ? "right" : "left", active);
  else moveTab(active, to);
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
    when: () => frontGroup.value.tabs.length > 1,
  },
  {
    id: "file.previous",
    title: "action.previousFile",
    group: "editor.title",
    keys: ["Alt+PageUp"],
    run: () => step(-1),
    when: () => frontGroup.value.tabs.length > 1,
  },
];

const more = (): boolean => groups.value.length > 1;

const placing: Action[] = [
  {
    id: "editor.splitRight",
    title: "editor.splitRight",
    group: "editor.title",
    keys: ["Ctrl+\\"],
    run: () => split(frontGroup.peek().id, "right", activePath.peek()),
  },
  {
    id: "editor.splitDown",
    title: "editor.splitDown",
    group: "editor.title",
    keys: ["Ctrl+Shift+\\"],
    run: () => split(frontGroup.peek().id, "down", activePath.peek()),
  },
  {
    id: "editor.nextGroup",
    title: "editor.nextGroup",
    group: "editor.title",
    keys: ["F6"],
    run: () => {
      activateGroup(neighbour(1));
      focusEditor();
    },
    when: more,
  },
  {
    id: "editor.moveOn",
    title: "editor.moveOn",
    group: "editor.title",
    keys: ["Ctrl+Alt+ArrowRight"],
    run: () => moveOn(1),
    when: () => activePath.value !== null,
  },
  {
    id: "editor.moveBack",
    title: "editor.moveBack",
    group: "editor.title",
    keys: ["Ctrl+Alt+ArrowLeft"],
    run: () => moveOn(-1),
    when: () => activePath.value !== null,
  },
  {
    id: "editor.joinGroup",
    title: "editor.joinGroup",
    group: "editor.title",
    run: () => joinGroup(frontGroup.peek().id),
    when: more,
  },
  {
    id: "editor.preview",
    title: "viewer.preview",
    group: "editor.title",
    keys: ["Ctrl+Shift+V"],
    run: () => showPreview(activePath.peek() ?? ""),
    when: () => inText() && viewerOf(activePath.value ?? "") !== null,
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
  ...placing,
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
