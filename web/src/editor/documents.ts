/**
 * The texts being edited, as CodeMirror states: one per open file, all shown by one view.
 * Knows nothing of saving; `state.ts` listens to changes.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension, type StateEffect, type Text } from "@codemirror/state";
import {
  type Command,
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
} from "@codemirror/view";
import { effect, signal } from "@preact/signals";
import { type Key, lang, t } from "../i18n";
import { settings } from "../settings/state";
import { languageOf } from "./languages";
import { look } from "./look";

export interface Cursor {
  line: number;
  column: number;
  /** Characters, and how many cursors there are. */
  selected: number;
  cursors: number;
  /** A tab, or so many spaces; how lines end. */
  indent: string;
  crlf: boolean;
}

export const cursor = signal<Cursor | null>(null);

let onChange: (path: string) => void = () => undefined;
export const listenToChanges = (listener: (path: string) => void): void => {
  onChange = listener;
};

const states = new Map<string, EditorState>();
const scrolls = new Map<string, StateEffect<unknown>>();
let view: EditorView | null = null;
let shown: string | null = null;

const language = new Compartment();
const words = new Compartment();
const liked = new Compartment();

/** CodeMirror's own words that a student meets: the find panel's. */
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
];
const phrases = (): Extension =>
  EditorState.phrases.of(Object.fromEntries(CM_WORDS.map(([en, key]) => [en, t(key)])));

/** As the user's settings say. */
const likes = (): Extension => [
  settings.value.wrap ? EditorView.lineWrapping : [],
  settings.value.whitespace ? highlightWhitespace() : [],
];

/** What every document has; the file's name decides language and indentation. */
function extensions(path: string, separator: string, indent: string, readOnly: boolean): Extension {
  return [
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
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      indentWithTab,
    ]),
    language.of([]),
    words.of(phrases()),
    liked.of(likes()),
    // Said to be focusable for tools that do not know it of what can be edited.
    EditorView.contentAttributes.of({ "aria-label": path, spellcheck: "false", tabindex: "0" }),
    EditorView.updateListener.of((update) => {
      if (shown === null) return;
      states.set(shown, update.state);
      if (update.selectionSet || update.docChanged) noteCursor(update.state);
      if (update.docChanged) onChange(shown);
    }),
    look,
  ];
}

/** Only a file that ends every line in CRLF is written so; in all others a lone CR is a character. */
export function separatorOf(text: string): "\n" | "\r\n" {
  return text.includes("\r\n") && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n";
}

/** How the file indents already: its first indented line decides; else two spaces, four for Python and Java. */
export function indentOf(path: string, text: string): string {
  const found = /^(\t+| {2,8})\S/m.exec(text)?.[1];
  if (found?.startsWith("\t")) return "\t";
  if (found) return found.length % 4 === 0 ? "    " : "  ";
  return /\.(py|java)$/.test(path) ? "    " : "  ";
}

export function openDocument(path: string, text: string, readOnly: boolean): void {
  const made = EditorState.create({
    doc: text,
    extensions: extensions(path, separatorOf(text), indentOf(path, text), readOnly),
  });
  states.set(path, made);
  if (shown === path) view?.setState(made);
  const found = languageOf(path);
  // Without its language a file is still a text; the next opening tries again.
  found?.load().then(
    (extension) => applyEffect(path, language.reconfigure(extension)),
    () => undefined,
  );
}

function applyEffect(path: string, change: StateEffect<unknown>): void {
  const state = states.get(path);
  if (!state) return;
  if (shown === path && view) view.dispatch({ effects: change });
  else states.set(path, state.update({ effects: change }).state);
}

export const docOf = (path: string): Text | undefined => states.get(path)?.doc;

/** The bytes-to-be of a file, with its own line ends. */
export const textOf = (path: string): string => states.get(path)?.sliceDoc() ?? "";

export function closeDocument(path: string): void {
  states.delete(path);
  scrolls.delete(path);
}

export function renameDocument(from: string, to: string): void {
  const text = textOf(from);
  const readOnly = states.get(from)?.readOnly ?? false;
  closeDocument(from);
  if (shown === from) shown = to;
  openDocument(to, text, readOnly);
}

/** Replaces the whole text as one undoable change; only what differs moves, so the cursor stays. */
export function replaceText(path: string, text: string): void {
  const state = states.get(path);
  if (!state) return;
  const lines = state.toText(text);
  const change = difference(state.doc.toString(), lines.toString());
  if (!change) return;
  const spec = { changes: { from: change.from, to: change.to, insert: state.toText(change.insert) } };
  if (shown === path && view) {
    view.dispatch(spec);
  } else {
    states.set(path, state.update(spec).state);
    onChange(path);
  }
}

/** The one span in which two texts differ; null where they are the same. */
export function difference(a: string, b: string): { from: number; to: number; insert: string } | null {
  if (a === b) return null;
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start++;
  let end = 0;
  while (end < most - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return { from: start, to: a.length - end, insert: b.slice(start, b.length - end) };
}

/** Puts the view into `parent`; called once, when the editor's pane appears. */
export function attach(parent: HTMLElement): () => void {
  view = new EditorView({ parent });
  const follow = effect(() => {
    lang.value;
    for (const path of states.keys()) applyEffect(path, words.reconfigure(phrases()));
  });
  const like = effect(() => {
    const extension = likes();
    for (const path of states.keys()) applyEffect(path, liked.reconfigure(extension));
    // Letters of another size take another place.
    settings.value.editorFont;
    view?.requestMeasure();
  });
  if (shown !== null) showDocument(shown, true);
  return () => {
    follow();
    like();
    view?.destroy();
    view = null;
  };
}

export function showDocument(path: string | null, again = false): void {
  if (shown === path && !again) return;
  if (shown !== null && view && states.has(shown)) scrolls.set(shown, view.scrollSnapshot());
  shown = path;
  const state = path === null ? undefined : states.get(path);
  if (!state || path === null) {
    cursor.value = null;
    return;
  }
  if (!view) return;
  view.setState(state);
  const scroll = scrolls.get(path);
  if (scroll) view.dispatch({ effects: scroll });
  noteCursor(state);
}

/** Puts the cursor at a line and column, both from 1, in the middle of the view. */
export function goTo(path: string, line: number, column: number): void {
  if (shown !== path || !view) return;
  const { doc } = view.state;
  const at = doc.line(Math.min(Math.max(1, line), doc.lines));
  const position = Math.min(at.to, at.from + Math.max(0, column - 1));
  view.dispatch({
    selection: { anchor: position },
    effects: EditorView.scrollIntoView(position, { y: "center" }),
  });
  view.focus();
}

export const focusEditor = (): void => view?.focus();

/** What is selected in the text in front; empty where nothing is. */
export function selectedText(): string {
  if (!view || shown === null) return "";
  const { from, to } = view.state.selection.main;
  return view.state.sliceDoc(from, to);
}

/** One of CodeMirror's own commands, done in the text in front. */
export function perform(command: Command): void {
  if (!view || shown === null) return;
  view.focus();
  command(view);
}

function noteCursor(state: EditorState): void {
  const { head } = state.selection.main;
  const line = state.doc.lineAt(head);
  cursor.value = {
    line: line.number,
    column: head - line.from + 1,
    selected: state.selection.ranges.reduce((sum, { from, to }) => sum + to - from, 0),
    cursors: state.selection.ranges.length,
    indent: state.facet(indentUnit),
    crlf: state.lineBreak === "\r\n",
  };
}
