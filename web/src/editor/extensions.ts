/** What every text in the editor can do; the parts that change while it is open have a slot each. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  highlightWhitespace,
  keymap,
  lineNumbers,
  rectangularSelection,
  ViewPlugin,
} from "@codemirror/view";
import { signal } from "@preact/signals";
import { again } from "../api/again";
import { type Key, t } from "../i18n";
import { settings } from "../settings/state";
import { look } from "./look";

export const slots = {
  language: new Compartment(),
  /** What knows more of the text than its syntax: a check, a language server. */
  help: new Compartment(),
  words: new Compartment(),
  liked: new Compartment(),
  /** Other keys than the usual ones; they come before all others. */
  keys: new Compartment(),
};

/** CodeMirror's own words that a student meets: the find panel's, and those of completion and problems. */
const CM_WORDS: [string, Key][] = [
  ["Find", "find.find"],
  ["Replace", "find.replace"],
  ["next", "find.next"],
  ["previous", "find.previous"],
  ["all", "find.all"],
  ["match case", "find.case"],
  ["regexp", "find.regexp"],
  ["by word", "find.word"],
  ["replace", "find.replaceOne"],
  ["replace all", "find.replaceAll"],
  ["close", "app.close"],
  ["Go to line", "find.goToLine"],
  ["go", "find.go"],
  ["Diagnostics", "problems.title"],
  ["No diagnostics", "problems.none"],
  ["Completions", "editor.completions"],
];
export const phrases = (): Extension =>
  EditorState.phrases.of(Object.fromEntries(CM_WORDS.map(([en, key]) => [en, t(key)])));

/** As the user's settings say. */
export const likes = (): Extension => [
  settings.value.wrap ? EditorView.lineWrapping : [],
  settings.value.whitespace ? highlightWhitespace() : [],
  settings.value.minimap ? minimap() : [],
];

/** Loaded when it is first wanted, and nothing until then. Where it cannot be had, the next look at the settings tries again. */
function later(load: () => Promise<Extension>): () => Extension {
  const loaded = signal<Extension | null>(null);
  return () => {
    if (loaded.value === null)
      again(load).then(
        (extension) => {
          loaded.value = extension;
        },
        () => undefined,
      );
    return loaded.value ?? [];
  };
}

/** The minimap draws at updates, and being put in place is none. */
const drawnAtOnce = ViewPlugin.define((view) => {
  const frame = requestAnimationFrame(() => view.dispatch({}));
  return { destroy: () => cancelAnimationFrame(frame) };
});
const minimap = later(async () => {
  const { showMinimap } = await again(() => import("@replit/codemirror-minimap"));
  const create = () => ({ dom: document.createElement("div") });
  return [showMinimap.of({ create, displayText: "blocks", showOverlay: "always" }), drawnAtOnce];
});
const vim = later(async () => (await import("@replit/codemirror-vim")).vim({ status: true }));

/** Vim's keys, where they are wanted. */
export const otherKeys = (): Extension => (settings.value.vim ? vim() : []);

interface Made {
  path: string;
  separator: string;
  indent: string;
  readOnly: boolean;
  /** Called at every change of text or cursor. */
  listen: Parameters<typeof EditorView.updateListener.of>[0];
}

export function extensionsOf({ path, separator, indent, readOnly, listen }: Made): Extension {
  return [
    slots.keys.of(otherKeys()),
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    foldGutter(),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    EditorState.lineSeparator.of(separator),
    EditorState.readOnly.of(readOnly),
    indentUnit.of(indent),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    rectangularSelection(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true }),
    slots.help.of([]),
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      indentWithTab,
    ]),
    slots.language.of([]),
    slots.words.of(phrases()),
    slots.liked.of(likes()),
    // Said to be focusable for tools that do not know it of what can be edited.
    EditorView.contentAttributes.of({ "aria-label": path, spellcheck: "false", tabindex: "0" }),
    EditorView.updateListener.of(listen),
    look,
  ];
}
