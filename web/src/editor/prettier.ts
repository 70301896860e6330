/** Prettier, whose parts are loaded with the first file of their language that is formatted. */
import type { Plugin } from "prettier";

type Part = () => Promise<Plugin>;

// The packages say no types of their plugins that fit one another.
const part =
  (load: () => Promise<{ default: unknown }>): Part =>
  async () =>
    (await load()).default as Plugin;

const babel = part(() => import("prettier/plugins/babel"));
const estree = part(() => import("prettier/plugins/estree"));
const postcss = part(() => import("prettier/plugins/postcss"));
const html = part(() => import("prettier/plugins/html"));
const yaml = part(() => import("prettier/plugins/yaml"));
const markdown = part(() => import("prettier/plugins/markdown"));

/** By the name that the status bar shows. */
const LANGUAGES: Record<string, { parser: string; parts: readonly Part[] }> = {
  JavaScript: { parser: "babel", parts: [babel, estree] },
  TypeScript: { parser: "babel-ts", parts: [babel, estree] },
  "TypeScript JSX": { parser: "babel-ts", parts: [babel, estree] },
  CSS: { parser: "css", parts: [postcss] },
  HTML: { parser: "html", parts: [html, babel, estree, postcss] },
  Vue: { parser: "vue", parts: [html, babel, estree, postcss] },
  YAML: { parser: "yaml", parts: [yaml] },
  Markdown: { parser: "markdown", parts: [markdown] },
};

export const prettierKnows = (language: string): boolean => language in LANGUAGES;

export type Prettified =
  | { text: string; trouble: null }
  /** It cannot be read; the line counts from 1. */
  | { trouble: { line: number; message: string } };

export async function prettify(language: string, text: string, indent: string): Promise<Prettified> {
  const known = LANGUAGES[language];
  if (!known) throw new Error(`Prettier does not know ${language}`);
  const [{ format }, ...plugins] = await Promise.all([
    import("prettier/standalone"),
    ...known.parts.map((load) => load()),
  ]);
  try {
    const made = await format(text, {
      parser: known.parser,
      plugins,
      useTabs: indent.startsWith("\t"),
      tabWidth: indent.startsWith("\t") ? 4 : indent.length,
    });
    return { text: made, trouble: null };
  } catch (error) {
    return { trouble: troubleOf(error) };
  }
}

/** Prettier draws the place below its sentence. */
function troubleOf(error: unknown): { line: number; message: string } {
  const { message = String(error), loc } = error as { message?: string; loc?: { start?: { line: number } } };
  const sentence = (message.split("\n")[0] ?? "").replace(/\s*\(\d+:\d+\)$/, "");
  return { line: loc?.start?.line ?? 1, message: sentence };
}
