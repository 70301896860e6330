/**
 * The first load (page, shell, editor, terminal) is weighed at every build, as the browser gets it: by the brotli files.
 * What is over the budget fails the build; what can wait belongs behind an `import()`.
 */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";

/** What a chunk says of itself, as far as it matters here. */
interface Chunk {
  fileName: string;
  /** The files that it needs at once. */
  imports: string[];
  css: string[];
}

/** Files that come with `entry`, each once. */
export function filesOf(entry: string, chunks: ReadonlyMap<string, Chunk>): string[] {
  const found = new Set<string>();
  const visit = (fileName: string) => {
    if (found.has(fileName)) return;
    found.add(fileName);
    const chunk = chunks.get(fileName);
    for (const css of chunk?.css ?? []) found.add(css);
    for (const each of chunk?.imports ?? []) visit(each);
  };
  visit(entry);
  return [...found];
}

async function weigh(file: string): Promise<number> {
  const found = await stat(`${file}.br`).catch(() => stat(file));
  return found.size;
}

interface Budget {
  /** The name of the entry that is weighed. */
  entry: string;
  /** Beside it: chunks that are loaded at every start, by their modules' package. */
  always: readonly string[];
  /** Of what is sent. */
  bytes: number;
}

/** After `brotli()`, whose files it reads. */
export function weight({ entry, always, bytes }: Budget): Plugin {
  let out = "";
  let files: string[] = [];
  return {
    name: "maru-weight",
    apply: "build",
    configResolved(config) {
      out = resolve(config.root, config.build.outDir);
    },
    writeBundle(_, bundle) {
      const chunks = new Map<string, Chunk>();
      const roots: string[] = [];
      for (const made of Object.values(bundle)) {
        if (made.type !== "chunk") continue;
        const css = [...(made.viteMetadata?.importedCss ?? [])];
        chunks.set(made.fileName, { fileName: made.fileName, imports: made.imports, css });
        const wanted = always.some((name) => made.facadeModuleId?.includes(`/${name}/`));
        if ((made.isEntry && made.name === entry) || wanted) roots.push(made.fileName);
      }
      if (roots.length !== 1 + always.length)
        this.error(`not found in the build: ${entry}, ${always.join(", ")}`);
      files = ["index.html", ...new Set(roots.flatMap((root) => filesOf(root, chunks)))];
    },
    async closeBundle() {
      if (files.length === 0) return;
      const sizes = await Promise.all(files.map((file) => weigh(join(out, file))));
      const sum = sizes.reduce((all, size) => all + size, 0);
      const words = `first load: ${(sum / 1000).toFixed(1)} of ${bytes / 1000} kB compressed, ${files.length} files`;
      if (sum > bytes) this.error(`${words}\n${files.map((file, at) => `${sizes[at]} ${file}`).join("\n")}`);
      this.info(words);
    },
  };
}
