/** Two texts beside each other, read-only; also for a file that was changed elsewhere while it was edited. */
import { MergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { loadLanguage } from "../editor/languages";
import { look } from "../editor/look";

/** Shows them in `parent`; answers what takes them away again. */
export async function compare(
  parent: HTMLElement,
  path: string,
  before: string,
  now: string,
): Promise<() => void> {
  const language = await loadLanguage(path);
  const extensions: Extension = [
    lineNumbers(),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ "aria-label": path, tabindex: "0" }),
    language,
    look,
    // Half of a phone's screen is too little to scroll sideways in.
    matchMedia("(width < 760px)").matches ? EditorView.lineWrapping : [],
  ];
  const view = new MergeView({
    parent,
    a: { doc: before, extensions },
    b: { doc: now, extensions },
    highlightChanges: true,
    gutter: true,
    collapseUnchanged: { margin: 3, minSize: 6 },
  });
  return () => view.destroy();
}
