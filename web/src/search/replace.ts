/** Replacing what was found, in files that are open and in those that are not; and the way back. */
import { readFile, writeFile } from "../api/files";
import { describe } from "../api/http";
import { say } from "../app/toast";
import { decode } from "../editor/decode";
import { editedText, putText } from "../editor/state";
import { t } from "../i18n";
import { replaceLines } from "./match";
import { asked, files, hitId, pattern, replacement, search, spared } from "./state";

interface Done {
  path: string;
  before: string;
  after: string;
  /** Of what was written; null where the editor has it. */
  etag: string | null;
}

/** Writes one file; null where nothing in it is other. Throws where it changed meanwhile. */
async function replaceIn(
  path: string,
  lines: ReadonlySet<number>,
): Promise<(Done & { lines: number }) | null> {
  const [by, query, match] = [replacement.peek(), asked.peek(), pattern.peek()];
  if (!query || !match) return null;
  const open = editedText(path);
  if (open !== null) {
    const next = replaceLines(open, lines, match, by, query.regex);
    if (next.lines === 0) return null;
    await putText(path, next.text);
    return { path, before: open, after: next.text, etag: null, lines: next.lines };
  }
  const { bytes, etag } = await readFile(path);
  const content = decode(bytes);
  if (content.kind !== "text") return null;
  const next = replaceLines(content.text, lines, match, by, query.regex);
  if (next.lines === 0) return null;
  const saved = await writeFile(path, next.text, etag);
  if (!saved.ok) throw new Error(t("search.changed", { name: path }));
  return { path, before: content.text, after: next.text, etag: saved.etag, lines: next.lines };
}

/** Replaces what is not spared: in `only` one file, else in all. */
export async function replaceAll(only?: string): Promise<void> {
  const done: Done[] = [];
  const failed: string[] = [];
  let lines = 0;
  for (const { path, hits } of files.peek()) {
    if (only !== undefined && path !== only) continue;
    const chosen = new Set(hits.filter((hit) => !spared.peek().has(hitId(hit))).map((hit) => hit.line));
    if (chosen.size === 0) continue;
    try {
      const result = await replaceIn(path, chosen);
      if (!result) continue;
      lines += result.lines;
      done.push(result);
    } catch (error) {
      failed.push(describe(error));
    }
  }
  if (failed.length > 0) say([...new Set(failed)].slice(0, 3).join(" "), "bad");
  if (done.length > 0) {
    const undo = { label: t("files.undo"), run: () => void undoAll(done) };
    say(t("search.replaced", { lines, files: done.length }), "good", undo);
  }
  await search();
}

/** Files that somebody changed since stay as they are, and are named. */
async function undoAll(done: readonly Done[]): Promise<void> {
  const kept: string[] = [];
  for (const { path, before, after, etag } of done) {
    const open = editedText(path);
    if (open !== null) {
      if (open === after) await putText(path, before);
      else kept.push(path);
    } else {
      const there = etag ?? (await readFile(path)).etag;
      if (!(await writeFile(path, before, there)).ok) kept.push(path);
    }
  }
  if (kept.length > 0) say(t("search.notUndone", { names: kept.join(", ") }), "bad");
  await search();
}
