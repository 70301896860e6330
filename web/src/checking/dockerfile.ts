/** Help with a Dockerfile while it is written: what a build would stop at, instructions, images, and what each is for. */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import { readImages } from "../api/repositories";
import { lang } from "../i18n";
import { dockerfileEn } from "../i18n/dockerfile.en";
import { dockerfileKo } from "../i18n/dockerfile.ko";
import { dockerPlace, instructionAt, stagesAbove } from "./instructions";
import { checkMarks } from "./marks";

type Instruction = keyof typeof dockerfileEn;

const words = (name: Instruction): string => (lang.peek() === "ko" ? dockerfileKo : dockerfileEn)[name];
const isInstruction = (name: string): name is Instruction => name in dockerfileEn;

const INSTRUCTIONS = Object.keys(dockerfileEn).filter(isInstruction);

/** New versions are built while one writes. */
const FRESH_MS = 60_000;
let known: { images: Promise<string[]>; until: number } | null = null;

/** While they cannot be asked for, none. */
function imagesNow(): Promise<string[]> {
  if (known === null || Date.now() > known.until)
    known = {
      images: readImages().catch(() => {
        known = null;
        return [];
      }),
      until: Date.now() + FRESH_MS,
    };
  return known.images;
}

async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const line = context.state.doc.lineAt(context.pos);
  const lines = context.state.doc.toString().split("\n");
  const place = dockerPlace(lines, line.number - 1, context.pos - line.from);
  if (!place) return null;
  const from = line.from + place.from;
  if (place.kind === "instruction") {
    if (from === context.pos && !context.explicit) return null;
    const options = INSTRUCTIONS.map(
      (name): Completion => ({
        label: name,
        type: "keyword",
        detail: words(name).split("\n")[1] ?? "",
        apply: `${name} `,
      }),
    );
    return { from, options, validFor: /^[a-z]*$/i };
  }
  const stages = stagesAbove(lines, line.number - 1).map(
    (label): Completion => ({ label, type: "variable" }),
  );
  const images = (await imagesNow()).map((label): Completion => ({ label, type: "class" }));
  return { from, options: [...stages, ...images], validFor: /^\S*$/ };
}

const hover = hoverTooltip(({ state }, position) => {
  const line = state.doc.lineAt(position);
  const found = instructionAt(state.doc.toString().split("\n"), line.number - 1, position - line.from);
  if (!found || !isInstruction(found.name)) return null;
  const text = words(found.name);
  return {
    pos: line.from + found.from,
    end: line.from + found.to,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-field-words";
      dom.textContent = text;
      return { dom };
    },
  };
});

export const dockerfileHelp = (path: string): Extension => [
  checkMarks(path),
  autocompletion({ override: [complete] }),
  hover,
];
