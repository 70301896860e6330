/** A file that was changed elsewhere while it was edited: what is there on the left, what is to be saved on the right. */
import { MergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef, useState } from "preact/hooks";
import { readFile } from "../api/files";
import { describe } from "../api/http";
import { sayError } from "../app/toast";
import { decode } from "../editor/decode";
import { replaceText, textOf } from "../editor/documents";
import { loadLanguage } from "../editor/languages";
import { look } from "../editor/look";
import { buffers, close, openFile, saveOver } from "../editor/state";
import { t } from "../i18n";
import { conflictKey } from "./panels";
import "./diff.css";

interface Merging {
  view: MergeView;
  /** Of what is shown on the left. */
  etag: string;
}

async function merge(parent: HTMLElement, path: string): Promise<Merging> {
  const { bytes, etag } = await readFile(path);
  const theirs = decode(bytes);
  if (theirs.kind !== "text") throw new Error(t("scm.diff.binary"));
  const language = await loadLanguage(path);
  const common: Extension = [lineNumbers(), language, look];
  const named = (name: string) => EditorView.contentAttributes.of({ "aria-label": name, tabindex: "0" });
  const view = new MergeView({
    parent,
    a: {
      doc: theirs.text,
      extensions: [common, EditorState.readOnly.of(true), named(t("conflict.theirs"))],
    },
    b: { doc: textOf(path), extensions: [common, named(t("conflict.mine"))] },
    revertControls: "a-to-b",
    highlightChanges: true,
    gutter: true,
  });
  return { view, etag };
}

export function ConflictView({ path }: { path: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const merging = useRef<Merging | null>(null);
  const [trouble, setTrouble] = useState("");
  const open = buffers.value.find((buffer) => buffer.path === path);
  const etag = open?.conflict?.etag ?? null;

  // Another change in between is another left side; what was put together on the right is kept.
  useEffect(() => {
    const parent = frame.current;
    if (!parent || etag === null || merging.current?.etag === etag) return;
    let current = true;
    const mine = merging.current?.view.b.state.doc.toString();
    merge(parent, path)
      .then((made) => {
        if (!current) return made.view.destroy();
        merging.current?.view.destroy();
        merging.current = made;
        if (mine !== undefined)
          made.view.b.dispatch({ changes: { from: 0, to: made.view.b.state.doc.length, insert: mine } });
      })
      .catch((error: unknown) => current && setTrouble(describe(error)));
    return () => {
      current = false;
    };
  }, [path, etag]);
  useEffect(() => () => merging.current?.view.destroy(), []);

  async function done() {
    if (!merging.current) return;
    replaceText(path, merging.current.view.b.state.doc.toString());
    if (!(await saveOver(path, merging.current.etag))) return;
    await openFile(path);
    close(conflictKey(path));
  }

  return (
    <div class="diff" data-testid="conflict">
      <header class="diff-head">
        <span>{etag === null ? t("conflict.over") : t("conflict.hint")}</span>
        <span class="spacer" />
        <button
          type="button"
          class="button small primary"
          disabled={etag === null}
          data-testid="conflict-save"
          onClick={() => done().catch(sayError)}
        >
          {t("conflict.save")}
        </button>
      </header>
      {trouble !== "" && <p class="notice">{trouble}</p>}
      <div class="diff-sides" aria-hidden="true">
        <span>{t("conflict.theirs")}</span>
        <span>{t("conflict.mine")}</span>
      </div>
      <div ref={frame} class="diff-beside" />
    </div>
  );
}
