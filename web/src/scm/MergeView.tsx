/** A file that both sides of a merge changed: each place with both versions, to be chosen or put together by hand. */

import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { EditorState, type Range, RangeSet, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  lineNumbers,
  WidgetType,
} from "@codemirror/view";
import { useEffect, useRef, useState } from "preact/hooks";
import { readFile, writeFile } from "../api/files";
import { gitResolve, gitStage } from "../api/git";
import { describe } from "../api/http";
import { confirm } from "../app/confirm";
import { say, sayError } from "../app/toast";
import { decode } from "../editor/decode";
import { loadLanguage } from "../editor/languages";
import { look } from "../editor/look";
import { close } from "../editor/state";
import { projectPath, root } from "../files/state";
import { nameOf } from "../files/tree";
import { t } from "../i18n";
import { type Choice, type Conflict, chosen, parseConflicts } from "./conflicts";
import { mergeKey } from "./panels";
import { refreshStatus } from "./state";
import "./diff.css";

const CHOICES: readonly Choice[] = ["ours", "theirs", "both"];

/** The buttons above a conflict. */
class Choices extends WidgetType {
  constructor(
    readonly index: number,
    readonly names: string,
  ) {
    super();
  }

  override eq(other: Choices): boolean {
    return other.index === this.index && other.names === this.names;
  }

  override toDOM(view: EditorView): HTMLElement {
    const bar = document.createElement("div");
    bar.className = "merge-choices";
    bar.dataset.testid = "merge-choices";
    for (const choice of CHOICES) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small";
      button.dataset.choice = choice;
      button.textContent = t(`merge.${choice}`);
      button.setAttribute(
        "aria-label",
        t("merge.choose", { choice: t(`merge.${choice}`), number: this.index + 1 }),
      );
      button.addEventListener("click", () => settle(view, this.index, choice));
      bar.append(button);
    }
    const names = document.createElement("span");
    names.className = "faint";
    names.textContent = this.names;
    bar.append(names);
    return bar;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

function settle(view: EditorView, index: number, choice: Choice): void {
  const conflict = parseConflicts(view.state.doc.toString())[index];
  if (!conflict) return;
  const { from, to } = conflict;
  view.dispatch({ changes: { from, to, insert: chosen(conflict, choice) }, userEvent: "input.merge" });
  view.focus();
}

const oursLine = Decoration.line({ class: "merge-ours" });
const theirsLine = Decoration.line({ class: "merge-theirs" });
const markLine = Decoration.line({ class: "merge-mark" });

/** A commit by its first digits. */
const short = (name: string): string => (/^[0-9a-f]{40}$/.test(name) ? name.slice(0, 7) : name);

function drawn(state: EditorState): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  parseConflicts(state.doc.toString()).forEach((conflict, index) => {
    const { ours, theirs, from, to } = conflict;
    const names = t("merge.names", { ours: short(ours.name), theirs: short(theirs.name) });
    ranges.push(Decoration.widget({ widget: new Choices(index, names), block: true, side: -1 }).range(from));
    for (let at = from; at < to; ) {
      const line = state.doc.lineAt(at);
      const within = ({ from, to }: Conflict["ours"]) => line.from >= from && line.from < to;
      ranges.push((within(ours) ? oursLine : within(theirs) ? theirsLine : markLine).range(line.from));
      at = line.to + 1;
    }
  });
  return RangeSet.of(ranges, true);
}

const marked = StateField.define<DecorationSet>({
  create: drawn,
  update: (before, { docChanged, state }) => (docChanged ? drawn(state) : before),
  provide: (field) => EditorView.decorations.from(field),
});

interface Open {
  view: EditorView;
  etag: string;
}

async function open(
  parent: HTMLElement,
  path: string,
  counted: (left: number) => void,
): Promise<Open | null> {
  const { bytes, etag } = await readFile(projectPath(path));
  const content = decode(bytes);
  if (content.kind !== "text") return null;
  const language = await loadLanguage(path);
  const view = new EditorView({
    parent,
    doc: content.text,
    extensions: [
      lineNumbers(),
      history(),
      keymap.of([...historyKeymap, ...standardKeymap]),
      language,
      look,
      marked,
      // Line ends of Windows are part of the text.
      EditorState.lineSeparator.of(content.text.includes("\r\n") ? "\r\n" : "\n"),
      EditorView.contentAttributes.of({ "aria-label": t("merge.text", { name: nameOf(path) }) }),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged) counted(parseConflicts(state.doc.toString()).length);
      }),
    ],
  });
  counted(parseConflicts(view.state.doc.toString()).length);
  return { view, etag };
}

export function MergeFile({ path }: { path: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const opened = useRef<Open | null>(null);
  const [left, setLeft] = useState<number | null>(null);
  const [whole, setWhole] = useState(false);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    let current = true;
    const parent = frame.current;
    if (!parent) return;
    open(parent, path, (count) => current && setLeft(count))
      .then((made) => {
        if (!current) return made?.view.destroy();
        opened.current = made;
        setWhole(made === null);
      })
      // Deleted on our side: one of the two is taken whole.
      .catch((error: unknown) => {
        if (!current) return;
        setWhole(true);
        setTrouble(describe(error));
      });
    return () => {
      current = false;
      opened.current?.view.destroy();
      opened.current = null;
    };
  }, [path]);

  const settled = async () => {
    say(t("merge.done", { name: nameOf(path) }), "good");
    await refreshStatus();
    close(mergeKey(path));
  };
  const resolve = async () => {
    const now = opened.current;
    if (!now) return;
    const saved = await writeFile(projectPath(path), now.view.state.sliceDoc(), now.etag);
    if (!saved.ok) throw new Error(t("search.changed", { name: nameOf(path) }));
    await gitStage(root.peek(), { paths: [path] });
    await settled();
  };
  const take = async (side: "ours" | "theirs") => {
    const words = t(side === "ours" ? "merge.wholeOurs" : "merge.wholeTheirs");
    if (!(await confirm(t("merge.wholeAsk", { name: nameOf(path) }), t("merge.wholeText"), words))) return;
    await gitResolve(root.peek(), path, side);
    await settled();
  };
  return (
    <div class="diff merge" data-testid="merge" data-path={path}>
      <header class="diff-head">
        <strong>{path}</strong>
        <span class="faint" role="status">
          {left !== null && (left === 0 ? t("merge.none") : t("merge.left", { count: left }))}
        </span>
        <span class="spacer" />
        {(["ours", "theirs"] as const).map((side) => (
          <button
            type="button"
            key={side}
            class="button small"
            data-testid={`merge-whole-${side}`}
            onClick={() => take(side).catch(sayError)}
          >
            {t(side === "ours" ? "merge.wholeOurs" : "merge.wholeTheirs")}
          </button>
        ))}
        {!whole && (
          <button
            type="button"
            class="button small primary"
            data-testid="merge-resolve"
            disabled={left !== 0}
            onClick={() => resolve().catch(sayError)}
          >
            {t("merge.resolve")}
          </button>
        )}
      </header>
      {whole && <p class="diff-note">{t("merge.noMarks")}</p>}
      {trouble !== "" && <p class="notice">{trouble}</p>}
      <div ref={frame} class="merge-body" />
    </div>
  );
}
