/** A file with, beside each line, the commit that it is of. */
import { EditorState } from "@codemirror/state";
import { EditorView, GutterMarker, gutter, lineNumbers } from "@codemirror/view";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Blame, gitBlame } from "../api/git";
import { describe } from "../api/http";
import { showPane } from "../app/layout";
import { loadLanguage } from "../editor/languages";
import { look } from "../editor/look";
import { root } from "../files/state";
import { lang, t } from "../i18n";
import { showCommit } from "./panels";
import "./diff.css";

/** The first line of each run of lines of one commit. */
export function runsOf({ lines }: Pick<Blame, "lines">): number[] {
  return lines.flatMap(({ commit }, index) => (commit === lines[index - 1]?.commit ? [] : [index]));
}

class Whose extends GutterMarker {
  constructor(
    readonly id: string,
    readonly of: Blame["commits"][string],
    readonly first: boolean,
  ) {
    super();
  }

  override eq(other: Whose): boolean {
    return other.id === this.id && other.first === this.first;
  }

  override toDOM(): Node {
    if (!this.first) return document.createTextNode("");
    const { author, time, subject, uncommitted } = this.of;
    if (uncommitted) {
      const text = document.createElement("span");
      text.className = "blame-new";
      text.textContent = t("blame.uncommitted");
      return text;
    }
    const at = new Date(time);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "blame-commit";
    button.textContent = `${at.toLocaleDateString(lang.value, { dateStyle: "short" })} ${author}`;
    const whole = at.toLocaleString(lang.value, { dateStyle: "medium", timeStyle: "short" });
    button.title = `${subject}\n${author} · ${whole} · ${this.id.slice(0, 8)}`;
    button.setAttribute("aria-label", t("blame.open", { subject, author, when: whole }));
    button.addEventListener("click", () => {
      showPane("editor");
      showCommit({ id: this.id, author, time, subject, parents: [], email: "", refs: [] });
    });
    return button;
  }
}

async function show(parent: HTMLElement, path: string, blame: Blame): Promise<EditorView> {
  const firsts = new Set(runsOf(blame));
  const language = await loadLanguage(path);
  const whose = gutter({
    class: "blame-gutter",
    lineMarker: (view, line) => {
      const index = view.state.doc.lineAt(line.from).number - 1;
      const id = blame.lines[index]?.commit;
      const of = id === undefined ? undefined : blame.commits[id];
      return id !== undefined && of ? new Whose(id, of, firsts.has(index)) : null;
    },
  });
  return new EditorView({
    parent,
    doc: blame.lines.map(({ text }) => text).join("\n"),
    extensions: [
      whose,
      lineNumbers(),
      language,
      look,
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": path, tabindex: "0" }),
    ],
  });
}

export function BlameFile({ path }: { path: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const [trouble, setTrouble] = useState("");
  const [cut, setCut] = useState(false);
  useEffect(() => {
    let current = true;
    let view: EditorView | undefined;
    gitBlame(root.peek(), path)
      .then(async (blame) => {
        const parent = frame.current;
        if (!current || !parent) return;
        setCut(blame.truncated);
        const made = await show(parent, path, blame);
        if (current) view = made;
        else made.destroy();
      })
      .catch((error: unknown) => current && setTrouble(describe(error)));
    return () => {
      current = false;
      view?.destroy();
    };
  }, [path]);
  return (
    <div class="diff" data-testid="blame" data-path={path}>
      <header class="diff-head">
        <strong>{path}</strong>
        <span class="faint">{t("blame.hint")}</span>
      </header>
      {trouble !== "" && <p class="notice">{trouble}</p>}
      {cut && <p class="diff-note">{t("scm.diff.cut")}</p>}
      <div ref={frame} class="merge-body" />
    </div>
  );
}
