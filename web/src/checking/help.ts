/** Help with a manifest while it is written: what Deploy would say of it, fields, and what each object is. */
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { type Action, linter, lintGutter, lintKeymap, type Diagnostic as Mark } from "@codemirror/lint";
import type { Extension, Text } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap } from "@codemirror/view";
import { h, render } from "preact";
import schemaText from "../../../crates/manifest/schema/kubernetes.txt?raw";
import type { Diagnostic } from "../api/types";
import { sayError } from "../app/toast";
import { Words } from "../app/Words";
import { mend } from "../deploy/mend";
import { replaceText, textOf } from "../editor/documents";
import { applyEdits } from "../editor/edits";
import { projectPath } from "../files/state";
import { type Key, t } from "../i18n";
import { checkAll } from "../problems/check";
import { tellMarks } from "../problems/marks";
import { objectWords } from "./objects";
import { type Place, placeAt } from "./place";
import { type Field, Schema, valuesOf } from "./schema";

const schema = new Schema(schemaText);
const DELAY_MS = 500;

async function check(path: string): Promise<readonly Diagnostic[]> {
  return (await checkAll()).filter(({ file }) => file && projectPath(file) === path);
}

/** Columns count characters; a place that is no longer there is the nearest that is. */
function offsetOf(doc: Text, line: number, column: number): number {
  const at = doc.line(Math.min(Math.max(1, line), doc.lines));
  return at.from + [...at.text].slice(0, Math.max(0, column - 1)).join("").length;
}

/** For a place that is not Preact's. */
function nodeOf(message: string): Node {
  const place = document.createElement("span");
  render(h(Words, { of: message }), place);
  return place;
}

function markOf(path: string, doc: Text, diagnostic: Diagnostic): Mark {
  const from = offsetOf(doc, diagnostic.line ?? 1, diagnostic.column ?? 1);
  const word = /^[^\s:,]+/.exec(doc.sliceString(from, doc.lineAt(from).to))?.[0].length ?? 0;
  const { message, fix, edits } = diagnostic;
  const words = fix ? `${message}\n${t("deploy.fix")}: ${fix}` : message;
  const actions: Action[] = edits?.length
    ? [{ name: t("deploy.mend"), apply: () => makeFix(path, diagnostic) }]
    : [];
  return {
    from,
    to: from + word,
    severity: diagnostic.severity,
    source: diagnostic.code,
    message: words,
    renderMessage: () => nodeOf(words),
    actions,
  };
}

/** In this text alone at once, as one change that Undo takes back; in several files as Deploy does it. */
function makeFix(path: string, diagnostic: Diagnostic): void {
  const edits = diagnostic.edits ?? [];
  if (edits.every(({ file }) => projectPath(file) === path)) {
    const text = applyEdits(textOf(path), edits);
    if (text !== null) replaceText(path, text);
  } else {
    mend(diagnostic).catch(sayError);
  }
}

function placeIn(doc: Text, position: number): Place | null {
  const line = doc.lineAt(position);
  return placeAt(doc.toString().split("\n"), line.number - 1, position - line.from);
}

const KINDS: Record<string, Key> = {
  s: "field.text",
  i: "field.integer",
  n: "field.number",
  b: "field.boolean",
  q: "field.quantity",
  x: "field.any",
};

function kindWords(kind: string): string {
  const values = valuesOf(kind);
  if (values.length > 0) return values.join(" | ");
  if (kind.startsWith("[")) return t("field.list", { of: kindWords(kind.slice(1, -1)) });
  if (kind.startsWith("{")) return t("field.map");
  const key = KINDS[kind];
  return key ? t(key) : kind;
}

function complete(context: CompletionContext): CompletionResult | null {
  const place = placeIn(context.state.doc, context.pos);
  const word = context.matchBefore(/[\w./-]*/);
  if (!place || !word || (word.from === word.to && !context.explicit)) return null;
  if (place.under !== null) {
    const options = valuesFor(place).map((label) => ({ label, type: "enum" }));
    return options.length > 0 ? { from: word.from, options } : null;
  }
  const fields = schema.fieldsAt(place.apiVersion, place.kind, place.path);
  const options = (fields ?? [])
    .filter(({ name }) => !place.siblings.has(name))
    .map((field) => ({
      label: field.name,
      type: "property",
      detail: kindWords(field.kind),
      boost: field.required ? 1 : 0,
      apply: isPlain(field) ? `${field.name}: ` : `${field.name}:`,
    }));
  return options.length > 0 ? { from: word.from, options, validFor: /^[\w]*$/ } : null;
}

const isPlain = ({ kind }: Field): boolean => kind in KINDS || valuesOf(kind).length > 0;

function valuesFor({ apiVersion, kind, path, under }: Place): string[] {
  if (path.length === 0 && under === "kind") return schema.objectKinds().map((each) => each.kind);
  if (path.length === 0 && under === "apiVersion")
    return [...new Set(schema.objectKinds().map((each) => each.apiVersion))];
  const field = schema.fieldsAt(apiVersion, kind, path)?.find(({ name }) => name === under);
  if (field?.kind === "b") return ["true", "false"];
  return valuesOf(field?.kind ?? "");
}

const hover = hoverTooltip((view, position) => {
  const line = view.state.doc.lineAt(position);
  const key = /^[\s-]*([\w.-]+):/.exec(line.text);
  if (!key) return null;
  const from = line.from + key[0].length - 1 - (key[1]?.length ?? 0);
  const to = from + (key[1]?.length ?? 0);
  if (position < from || position > to) return null;
  const place = placeIn(view.state.doc, from);
  const field =
    place && schema.fieldsAt(place.apiVersion, place.kind, place.path)?.find(({ name }) => name === key[1]);
  if (!field) return null;
  return {
    pos: from,
    end: to,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-field-words";
      const required = field.required ? ` · ${t("field.required")}` : "";
      dom.textContent = `${[place.kind, ...place.path, field.name].join(".")}\n${kindWords(field.kind)}${required}`;
      return { dom };
    },
  };
});

const theme = EditorView.theme({
  ".cm-object-words": {
    color: "var(--ink-faint)",
    fontSize: "0.85em",
    padding: "6px 6px 0",
    fontFamily: "var(--font)",
  },
  ".cm-field-words": { padding: "6px 10px", whiteSpace: "pre-line" },
});

export const manifestHelp = (path: string): Extension => [
  linter(
    async ({ state }) => {
      const { doc } = state;
      // While it cannot be asked, what was said stays out of the way.
      const found = await check(path).catch(() => []);
      return found.map((diagnostic) => markOf(path, doc, diagnostic));
    },
    { delay: DELAY_MS },
  ),
  lintGutter(),
  keymap.of(lintKeymap),
  tellMarks(path),
  autocompletion({ override: [complete] }),
  hover,
  objectWords(),
  theme,
];
