/** Help with a manifest while it is written: what Deploy would say of it, fields, and what each object is. */
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import type { Extension, Text } from "@codemirror/state";
import { EditorView, hoverTooltip } from "@codemirror/view";
import schemaText from "../../../crates/manifest/schema/kubernetes.txt?raw";
import { type Key, t } from "../i18n";
import { checkMarks } from "./marks";
import { objectWords } from "./objects";
import { type Place, placeAt } from "./place";
import { type Field, Schema, valuesOf } from "./schema";

const schema = new Schema(schemaText);

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
});

export const manifestHelp = (path: string): Extension => [
  checkMarks(path),
  autocompletion({ override: [complete] }),
  hover,
  objectWords(),
  theme,
];
