/** Where a name is used, in open files and in others: a list below the text, walked by arrows and gone to by Enter. */
import { LSPPlugin } from "@codemirror/lsp-client";
import { type Extension, Facet, Prec, StateEffect, StateField } from "@codemirror/state";
import { type Command, type EditorView, keymap, type Panel, showPanel } from "@codemirror/view";
import { render } from "preact";
import { readFile } from "../api/files";
import { say, sayError } from "../app/toast";
import { decode } from "../editor/decode";
import { editedText, openFile } from "../editor/state";
import { shortPath } from "../files/state";
import { t } from "../i18n";
import { pathOf } from "./ids";
import { byFile, type Location, linesOf, type Reference } from "./places";
import { ReferenceList } from "./ReferenceList";

/** The home folder, as the server names it. */
const homeOf = Facet.define<string, string>({ combine: ([first]) => first ?? "" });
const setReferences = StateEffect.define<readonly Reference[] | null>();

const field = StateField.define<readonly Reference[] | null>({
  create: () => null,
  update: (now, { effects }) =>
    effects.reduce((last, effect) => (effect.is(setReferences) ? effect.value : last), now),
  provide: (of) => showPanel.from(of, (found) => (found === null ? null : (view) => panelOf(view, found))),
});

function panelOf(view: EditorView, found: readonly Reference[]): Panel {
  const dom = document.createElement("div");
  dom.className = "references";
  const close = () => {
    view.dispatch({ effects: setReferences.of(null) });
    view.focus();
  };
  const go = ({ path, line, column }: Reference) => openFile(path, { line, column }).catch(sayError);
  render(<ReferenceList files={byFile(found, shortPath)} onGo={go} onClose={close} />, dom);
  return {
    dom,
    mount: () => dom.querySelector<HTMLElement>(".reference")?.focus(),
    destroy: () => render(null, dom),
  };
}

/** Of an open file as it is edited; null for what is no text of the home folder. */
async function textAt(path: string): Promise<string | null> {
  const open = editedText(path);
  if (open !== null) return open;
  const content = decode((await readFile(path)).bytes);
  return content.kind === "text" ? content.text : null;
}

async function look(view: EditorView, plugin: LSPPlugin, home: string): Promise<void> {
  const found = await plugin.client.request<object, Location[] | null>("textDocument/references", {
    textDocument: { uri: plugin.uri },
    position: plugin.toPosition(view.state.selection.main.head),
    context: { includeDeclaration: true },
  });
  const places = new Map<string, Location["range"][]>();
  for (const { uri, range } of found ?? []) {
    const path = pathOf(home, uri);
    // What is outside of the home folder, a library say, cannot be opened.
    if (path !== null) places.set(path, [...(places.get(path) ?? []), range]);
  }
  const read = [...places].map(async ([path, ranges]) => linesOf(path, (await textAt(path)) ?? "", ranges));
  const references = (await Promise.all(read)).flat();
  if (references.length === 0) say(t("language.noReferences"), "bad");
  else view.dispatch({ effects: setReferences.of(references) });
}

/** Of the name at the cursor; keys and palette share it. */
export const findReferences: Command = (view) => {
  const plugin = LSPPlugin.get(view);
  const home = view.state.facet(homeOf);
  if (!plugin || home === "" || !plugin.client.serverCapabilities?.referencesProvider) return false;
  // The server is to know what is typed.
  plugin.client.sync();
  look(view, plugin, home).catch(sayError);
  return true;
};

const closeReferences: Command = (view) => {
  if ((view.state.field(field, false) ?? null) === null) return false;
  view.dispatch({ effects: setReferences.of(null) });
  return true;
};

/** Before the client's own keys, whose list knows only files that are open. */
export const references = (home: string): Extension => [
  homeOf.of(home),
  field,
  Prec.high(
    keymap.of([
      { key: "Shift-F12", run: findReferences, preventDefault: true },
      { key: "Escape", run: closeReferences },
    ]),
  ),
];
