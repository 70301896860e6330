/**
 * The texts being edited, as CodeMirror states: one per open file. Each group of the editor has a view, which shows one
 * of its texts. Knows nothing of saving; `state.ts` listens to changes.
 */
import { indentUnit } from "@codemirror/language";
import { EditorState, type Extension, type StateEffect, type Text } from "@codemirror/state";
import { type Command, EditorView, type ViewUpdate } from "@codemirror/view";
import { effect, signal } from "@preact/signals";
import { lang } from "../i18n";
import { settings } from "../settings/state";
import { extensionsOf, likes, otherKeys, phrases, slots } from "./extensions";
import { activeGroup } from "./groups";
import { loadLanguage } from "./languages";

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
/** Counts up with every change of any text, for those who show what is typed. */
export const typed = signal(0);

let onChange: (path: string) => void = () => undefined;
export const listenToChanges = (listener: (path: string) => void): void => {
  onChange = listener;
};

type Helper = (path: string) => Promise<Extension> | null;
/** What helps with a text beyond its syntax: asked again when it is opened anew. */
const helpers: Helper[] = [];
export const helpWith = (helper: Helper): void => void helpers.push(helper);

const states = new Map<string, EditorState>();
const scrolls = new Map<string, StateEffect<unknown>>();

/** A group's view, and the path of what it shows. */
interface Shown {
  view: EditorView | null;
  path: string | null;
}
const shown = new Map<string, Shown>();

const placeOf = (path: string): Shown | undefined => [...shown.values()].find((each) => each.path === path);
export const viewOf = (path: string): EditorView | null => placeOf(path)?.view ?? null;

export const shownIn = (group: string): string | null => shown.get(group)?.path ?? null;

/** The view that has, or had last, the focus, where it shows a text. */
export function frontView(): EditorView | null {
  const { view, path } = shown.get(activeGroup.peek()) ?? {};
  return path ? (view ?? null) : null;
}

function noteUpdate(group: string, update: ViewUpdate): void {
  const path = shown.get(group)?.path;
  if (!path) return;
  states.set(path, update.state);
  if ((update.selectionSet || update.docChanged) && group === activeGroup.peek()) noteCursor(update.state);
  if (update.docChanged) noteTyped(path);
}

function noteTyped(path: string): void {
  typed.value = typed.peek() + 1;
  onChange(path);
}

/** Which group a view is of; a text knows it only by the view that shows it. */
const groupOf = new WeakMap<EditorView, string>();

const listen = (update: ViewUpdate): void => {
  const group = groupOf.get(update.view);
  if (group !== undefined) noteUpdate(group, update);
};

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

/** Characters of a line beyond which a text is not tokenised: minified code, data in one line. */
const LONG_LINE = 20_000;

export function hasLongLine(text: string): boolean {
  for (let from = 0; text.length - from > LONG_LINE; ) {
    const end = text.indexOf("\n", from);
    if (end < 0 || end - from > LONG_LINE) return true;
    from = end + 1;
  }
  return false;
}

export function openDocument(path: string, text: string, readOnly: boolean): void {
  const made = EditorState.create({
    doc: text,
    extensions: extensionsOf({
      path,
      separator: separatorOf(text),
      indent: indentOf(path, text),
      readOnly,
      listen,
    }),
  });
  states.set(path, made);
  viewOf(path)?.setState(made);
  typed.value = typed.peek() + 1;
  if (!hasLongLine(text))
    void loadLanguage(path).then((language) => applyEffect(path, slots.language.reconfigure(language)));
  if (!readOnly) refreshHelp(path);
}

/** Asks anew for what helps with a text. */
export function refreshHelp(path: string): void {
  const asked = helpers.map((helper) => helper(path)).filter((answer) => answer !== null);
  if (asked.length === 0) return;
  Promise.all(asked).then(
    (help) => applyEffect(path, slots.help.reconfigure(help)),
    // Without it, it is still a text; the next opening tries again.
    () => undefined,
  );
}

function applyEffect(path: string, change: StateEffect<unknown>): void {
  const state = states.get(path);
  if (!state) return;
  const view = viewOf(path);
  if (view) view.dispatch({ effects: change });
  else states.set(path, state.update({ effects: change }).state);
}

export const stateOf = (path: string): EditorState | undefined => states.get(path);

export const docOf = (path: string): Text | undefined => states.get(path)?.doc;

/** The bytes-to-be of a file, with its own line ends. */
export const textOf = (path: string): string => states.get(path)?.sliceDoc() ?? "";

/** A document that the file had, with the file's line ends. */
export const writtenAs = (path: string, doc: Text): string =>
  doc.sliceString(0, doc.length, states.get(path)?.lineBreak);

export function closeDocument(path: string): void {
  states.delete(path);
  scrolls.delete(path);
}

export function renameDocument(from: string, to: string): void {
  const text = textOf(from);
  const readOnly = states.get(from)?.readOnly ?? false;
  closeDocument(from);
  const place = placeOf(from);
  if (place) place.path = to;
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
  const view = viewOf(path);
  if (view) {
    view.dispatch(spec);
  } else {
    states.set(path, state.update(spec).state);
    noteTyped(path);
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

/** Puts a group's view into `parent`; called once, when the group appears. */
export function attach(group: string, parent: HTMLElement): () => void {
  const view = new EditorView({ parent });
  groupOf.set(view, group);
  const place = shown.get(group) ?? { view, path: null };
  place.view = view;
  shown.set(group, place);
  if (place.path !== null) showDocument(group, place.path, true);
  return () => {
    keepScroll(place);
    view.destroy();
    place.view = null;
  };
}

/** Language and settings, in force at once in all texts; for as long as the page lives. */
export function startDocuments(): void {
  const all = (make: () => StateEffect<unknown>) => {
    effect(() => {
      const change = make();
      for (const path of states.keys()) applyEffect(path, change);
    });
  };
  all(() => {
    lang.value;
    return slots.words.reconfigure(phrases());
  });
  all(() => slots.liked.reconfigure(likes()));
  all(() => slots.keys.reconfigure(otherKeys()));
  effect(() => {
    // Letters of another size take another place.
    settings.value.editorFont;
    for (const { view } of shown.values()) view?.requestMeasure();
  });
  effect(() => {
    const { path } = shown.get(activeGroup.value) ?? {};
    const state = path ? states.get(path) : undefined;
    if (state) noteCursor(state);
    else cursor.value = null;
  });
}

function keepScroll({ view, path }: Shown): void {
  if (path !== null && view && states.has(path)) scrolls.set(path, view.scrollSnapshot());
}

/** Shows a text in a group's view; null: none. */
export function showDocument(group: string, path: string | null, again = false): void {
  const place = shown.get(group) ?? { view: null, path: null };
  shown.set(group, place);
  if (place.path === path && !again) return;
  keepScroll(place);
  place.path = path;
  const state = path === null ? undefined : states.get(path);
  const isFront = group === activeGroup.peek();
  if (!state || path === null) {
    if (isFront) cursor.value = null;
    place.view?.setState(EditorState.create());
    return;
  }
  if (!place.view) return;
  place.view.setState(state);
  const scroll = scrolls.get(path);
  if (scroll) place.view.dispatch({ effects: scroll });
  if (isFront) noteCursor(state);
}

/** A group that is gone has no view. */
export const forgetGroup = (group: string): void => void shown.delete(group);

/** Puts the cursor at a line and column, both from 1, in the middle of the view. */
export function goTo(path: string, line: number, column: number): void {
  const view = viewOf(path);
  if (!view) return;
  const { doc } = view.state;
  const at = doc.line(Math.min(Math.max(1, line), doc.lines));
  const position = Math.min(at.to, at.from + Math.max(0, column - 1));
  view.dispatch({
    selection: { anchor: position },
    effects: EditorView.scrollIntoView(position, { y: "center" }),
  });
  view.focus();
}

export const focusEditor = (): void => frontView()?.focus();

/** What is selected in the text in front; empty where nothing is. */
export function selectedText(): string {
  const state = frontView()?.state;
  if (!state) return "";
  const { from, to } = state.selection.main;
  return state.sliceDoc(from, to);
}

/** One of CodeMirror's own commands, done in the text in front. */
export function perform(command: Command): void {
  const view = frontView();
  if (!view) return;
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
