/** A search in all files: what was asked, what was found so far, and which of it is to be replaced. */
import { computed, signal } from "@preact/signals";
import { describe } from "../api/http";
import { type Found, type SearchQuery, searchFiles, type Unsearched } from "../api/search";
import { showView } from "../app/layout";
import { selectedText } from "../editor/documents";
import { globOf, patternOf } from "./match";

export const q = signal("");
export const regex = signal(false);
export const matchCase = signal(false);
export const glob = signal("");
export const replacement = signal("");
export const replacing = signal(false);

export interface FileHits {
  path: string;
  hits: readonly Found[];
}

export const files = signal<readonly FileHits[]>([]);
/** "idle" before the first search. */
export const phase = signal<"idle" | "running" | "done" | "cancelled">("idle");
export const trouble = signal("");
/** What was not searched; null where that is nothing. */
export const unsearched = signal<Unsearched | null>(null);
/** What the present results were found by. */
export const asked = signal<SearchQuery | null>(null);
export const closed = signal<ReadonlySet<string>>(new Set());
/** Lines that stay as they are when all is replaced. */
export const spared = signal<ReadonlySet<string>>(new Set());
export const focusCount = signal(0);

/** The agent ends a search there. */
export const MOST = 5000;
export const count = computed(() => files.value.reduce((sum, { hits }) => sum + hits.length, 0));
export const pattern = computed(() => (asked.value ? patternOf(asked.value) : null));

export const hitId = (hit: Found): string => `${hit.path}:${hit.line}`;

let abort: AbortController | null = null;

export function cancelSearch(): void {
  abort?.abort();
  abort = null;
  if (phase.peek() === "running") phase.value = "cancelled";
}

export function clearSearch(): void {
  cancelSearch();
  files.value = [];
  trouble.value = "";
  unsearched.value = null;
  asked.value = null;
  phase.value = "idle";
}

export function addHits(before: readonly FileHits[], found: readonly Found[]): FileHits[] {
  const next = [...before];
  for (const hit of found) {
    const last = next.at(-1);
    if (last?.path === hit.path) next[next.length - 1] = { path: hit.path, hits: [...last.hits, hit] };
    else next.push({ path: hit.path, hits: [hit] });
  }
  return next;
}

const DRAW_MS = 60;

/** What is found is drawn a few times a second, however fast it comes. */
export async function search(): Promise<void> {
  abort?.abort();
  if (q.peek() === "") return clearSearch();
  const mine = new AbortController();
  abort = mine;
  const query: SearchQuery = {
    q: q.peek(),
    regex: regex.peek(),
    matchCase: matchCase.peek(),
    glob: globOf(glob.peek()),
  };
  phase.value = "running";
  trouble.value = "";
  unsearched.value = null;
  let waiting: Found[] = [];
  let fresh = true;
  const draw = () => {
    if (mine.signal.aborted || (waiting.length === 0 && !fresh)) return;
    if (fresh) {
      asked.value = query;
      closed.value = new Set();
      spared.value = new Set();
    }
    files.value = addHits(fresh ? [] : files.peek(), waiting);
    fresh = false;
    waiting = [];
  };
  const timer = setInterval(draw, DRAW_MS);
  try {
    const left = await searchFiles(query, (found) => waiting.push(...found), mine.signal);
    draw();
    if (mine.signal.aborted) return;
    unsearched.value = left;
    phase.value = "done";
  } catch (error) {
    if (mine.signal.aborted) return;
    files.value = [];
    asked.value = query;
    trouble.value = describe(error);
    phase.value = "done";
  } finally {
    clearInterval(timer);
  }
}

const PAUSE_MS = 260;
let pause: ReturnType<typeof setTimeout> | undefined;

/** After the last key for a moment; at once with `now`. */
export function searchSoon(now = false): void {
  clearTimeout(pause);
  pause = setTimeout(() => void search(), now ? 0 : PAUSE_MS);
}

/** What is selected in the editor, if it is one line, is what to look for. */
export function openSearch(withReplace = false): void {
  const selected = selectedText();
  if (selected !== "" && !selected.includes("\n")) {
    regex.value = false;
    q.value = selected;
    searchSoon(true);
  }
  if (withReplace) replacing.value = true;
  showView("search");
  focusCount.value += 1;
}
