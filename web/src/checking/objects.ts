/** A line above each object of a manifest that says what it is, in the reader's language. */
import { type EditorState, type Extension, RangeSetBuilder, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";
import { type Key, t } from "../i18n";

export interface Described {
  /** Of the object's first line, from 1. */
  line: number;
  kind: string;
  name: string;
  replicas: string;
  image: string;
  port: string;
  host: string;
  size: string;
}

const first = (text: string, pattern: RegExp): string =>
  pattern.exec(text)?.[1]?.replace(/^["']|["']$/g, "") ?? "";

export function describeObjects(text: string): Described[] {
  const found: Described[] = [];
  let line = 1;
  for (const part of text.split(/^---.*$/m)) {
    const lines = part.split("\n");
    const at = lines.findIndex((each) => /^[A-Za-z]/.test(each));
    const kind = first(part, /^kind:\s*(\S+)/m);
    if (at >= 0 && kind !== "") {
      found.push({
        line: line + at,
        kind,
        name: first(part, /^metadata:\s*\n(?:[ \t]+.*\n)*?[ \t]+name:\s*(\S+)/m),
        replicas: first(part, /^\s+replicas:\s*(\d+)/m),
        image: first(part, /^[\s-]+image:\s*(\S+)/m).replace(/^.*\//, ""),
        port: first(part, /^[\s-]+port:\s*(\d+)/m),
        host: first(part, /^[\s-]+host:\s*(\S+)/m),
        size: first(part, /^\s+storage:\s*(\S+)/m),
      });
    }
    line += lines.length - 1;
  }
  return found;
}

const WORDS: Partial<Record<string, Key>> = {
  Deployment: "object.Deployment",
  StatefulSet: "object.StatefulSet",
  DaemonSet: "object.DaemonSet",
  Rollout: "object.Rollout",
  Pod: "object.Pod",
  Service: "object.Service",
  Ingress: "object.Ingress",
  ConfigMap: "object.ConfigMap",
  Secret: "object.Secret",
  PersistentVolumeClaim: "object.PersistentVolumeClaim",
  Job: "object.Job",
  CronJob: "object.CronJob",
  HorizontalPodAutoscaler: "object.HorizontalPodAutoscaler",
  NetworkPolicy: "object.NetworkPolicy",
  Kustomization: "object.Kustomization",
  ServiceAccount: "object.ServiceAccount",
};

export function wordsOf(object: Described): string {
  const key = WORDS[object.kind];
  if (!key) return [object.kind, object.name].filter(Boolean).join(" ");
  const { name, image, port, host, size } = object;
  const replicas = object.replicas || "1";
  return t(key, {
    name: name || object.kind,
    replicas,
    image: image || "?",
    port: port || "?",
    host: host || "*",
    size: size || "?",
  });
}

class Words extends WidgetType {
  constructor(private readonly words: string) {
    super();
  }

  override eq(other: Words): boolean {
    return other.words === this.words;
  }

  toDOM(): HTMLElement {
    const line = document.createElement("div");
    line.className = "cm-object-words";
    line.textContent = this.words;
    return line;
  }
}

function decorate(state: EditorState): DecorationSet {
  const built = new RangeSetBuilder<Decoration>();
  for (const object of describeObjects(state.doc.toString())) {
    const { from } = state.doc.line(Math.min(object.line, state.doc.lines));
    built.add(from, from, Decoration.widget({ widget: new Words(wordsOf(object)), block: true, side: -1 }));
  }
  return built.finish();
}

/** Words are those of the language at the time; another language makes it anew. */
export const objectWords = (): Extension =>
  StateField.define<DecorationSet>({
    create: decorate,
    update: (before, transaction) => (transaction.docChanged ? decorate(transaction.state) : before),
    provide: (field) => EditorView.decorations.from(field),
  });
