/** Which language a file is in, by its name; each is loaded when the first such file opens. */
import { StreamLanguage, type StreamParser } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { again } from "../api/again";

type Loader = () => Promise<Extension>;

const legacy = async (parser: Promise<StreamParser<unknown>>): Promise<Extension> =>
  StreamLanguage.define(await parser);

const javascript = (options: { jsx?: boolean; typescript?: boolean }): Loader => {
  return async () => (await import("@codemirror/lang-javascript")).javascript(options);
};
const cpp: Loader = async () => (await import("@codemirror/lang-cpp")).cpp();
const shell: Loader = () => legacy(import("@codemirror/legacy-modes/mode/shell").then((mode) => mode.shell));
const properties: Loader = () =>
  legacy(import("@codemirror/legacy-modes/mode/properties").then((mode) => mode.properties));

export interface Language {
  name: string;
  load: Loader;
}

const LANGUAGES = {
  python: { name: "Python", load: async () => (await import("@codemirror/lang-python")).python() },
  javascript: { name: "JavaScript", load: javascript({ jsx: true }) },
  typescript: { name: "TypeScript", load: javascript({ typescript: true }) },
  tsx: { name: "TypeScript JSX", load: javascript({ typescript: true, jsx: true }) },
  html: { name: "HTML", load: async () => (await import("@codemirror/lang-html")).html() },
  css: { name: "CSS", load: async () => (await import("@codemirror/lang-css")).css() },
  yaml: { name: "YAML", load: async () => (await import("@codemirror/lang-yaml")).yaml() },
  json: { name: "JSON", load: async () => (await import("@codemirror/lang-json")).json() },
  sql: { name: "SQL", load: async () => (await import("@codemirror/lang-sql")).sql() },
  markdown: { name: "Markdown", load: async () => (await import("@codemirror/lang-markdown")).markdown() },
  java: { name: "Java", load: async () => (await import("@codemirror/lang-java")).java() },
  kotlin: {
    name: "Kotlin",
    load: () => legacy(import("@codemirror/legacy-modes/mode/clike").then((mode) => mode.kotlin)),
  },
  c: { name: "C", load: cpp },
  cpp: { name: "C++", load: cpp },
  go: { name: "Go", load: async () => (await import("@codemirror/lang-go")).go() },
  rust: { name: "Rust", load: async () => (await import("@codemirror/lang-rust")).rust() },
  xml: { name: "XML", load: async () => (await import("@codemirror/lang-xml")).xml() },
  php: { name: "PHP", load: async () => (await import("@codemirror/lang-php")).php() },
  vue: { name: "Vue", load: async () => (await import("@codemirror/lang-vue")).vue() },
  ruby: {
    name: "Ruby",
    load: () => legacy(import("@codemirror/legacy-modes/mode/ruby").then((mode) => mode.ruby)),
  },
  shell: { name: "Shell", load: shell },
  properties: { name: "Properties", load: properties },
  dockerfile: {
    name: "Dockerfile",
    load: () => legacy(import("@codemirror/legacy-modes/mode/dockerfile").then((mode) => mode.dockerFile)),
  },
  toml: {
    name: "TOML",
    load: () => legacy(import("@codemirror/legacy-modes/mode/toml").then((mode) => mode.toml)),
  },
  nginx: {
    name: "nginx",
    load: () => legacy(import("@codemirror/legacy-modes/mode/nginx").then((mode) => mode.nginx)),
  },
} satisfies Record<string, Language>;

const BY_EXTENSION: Record<string, keyof typeof LANGUAGES> = {
  py: "python",
  pyi: "python",
  js: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  jsx: "javascript",
  ts: "typescript",
  mts: "typescript",
  cts: "typescript",
  tsx: "tsx",
  html: "html",
  htm: "html",
  css: "css",
  yaml: "yaml",
  yml: "yaml",
  json: "json",
  webmanifest: "json",
  sql: "sql",
  md: "markdown",
  markdown: "markdown",
  java: "java",
  kt: "kotlin",
  kts: "kotlin",
  c: "c",
  h: "c",
  cpp: "cpp",
  cc: "cpp",
  cxx: "cpp",
  hpp: "cpp",
  hh: "cpp",
  ino: "cpp",
  go: "go",
  rs: "rust",
  xml: "xml",
  xsd: "xml",
  svg: "xml",
  pom: "xml",
  php: "php",
  vue: "vue",
  rb: "ruby",
  sh: "shell",
  bash: "shell",
  env: "properties",
  ini: "properties",
  properties: "properties",
  cfg: "properties",
  toml: "toml",
  dockerfile: "dockerfile",
};

const BY_NAME: [RegExp, keyof typeof LANGUAGES][] = [
  [/^(dockerfile|containerfile)(\..+)?$/, "dockerfile"],
  [/^\.(bashrc|bash_profile|profile|bash_logout)$/, "shell"],
  [/^\.env(\..+)?$/, "properties"],
  [/^(gemfile|rakefile)$/, "ruby"],
  [/nginx.*\.conf$/, "nginx"],
  [/^default\.conf(\.template)?$/, "nginx"],
];

/** Null where it is plain text to us. */
export function languageOf(path: string): Language | null {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const named = BY_NAME.find(([pattern]) => pattern.test(name));
  if (named) return LANGUAGES[named[1]];
  const extension = BY_EXTENSION[name.slice(name.lastIndexOf(".") + 1)];
  return extension ? LANGUAGES[extension] : null;
}

/** What shows the text at `path` in its language; nothing where it has none, or where that cannot be had: it is a text all the same. */
export async function loadLanguage(path: string): Promise<Extension> {
  try {
    const language = languageOf(path);
    return language ? await again(language.load) : [];
  } catch {
    return [];
  }
}
