/** What the palette offers for what is typed: actions after ">", a line after ":", else files. */
import { computed, effect, signal } from "@preact/signals";
import { type Action, actions, isPossible } from "../actions/registry";
import { askJson } from "../api/http";
import { activePath, buffers, recent } from "../editor/state";
import { shortPath } from "../files/state";
import { nameOf, parentOf } from "../files/tree";
import { type Lang, lang, t, words } from "../i18n";
import { matchText, parsePlace } from "./match";

export type Item =
  | { kind: "action"; id: string; action: Action; label: string; at: readonly number[]; other: string }
  | { kind: "file"; id: string; path: string; name: string; folder: string; at: readonly number[] }
  | { kind: "line"; id: string; line: number; column: number };

/** What is typed; null while the palette is closed. */
export const typed = signal<string | null>(null);
const found = signal<readonly string[]>([]);
export const searching = signal(false);

const MOST = 60;
const RECENT_KEY = "maru.palette";
const KEPT = 12;
let used: string[] = storedUsed();

function storedUsed(): string[] {
  try {
    return JSON.parse(localStorage.getItem(RECENT_KEY) ?? "[]") as string[];
  } catch {
    return [];
  }
}

export function noteUse(id: string): void {
  used = [id, ...used.filter((each) => each !== id)].slice(0, KEPT);
  localStorage.setItem(RECENT_KEY, JSON.stringify(used));
}

export function openPalette(text: string): void {
  typed.value = text;
}

export function closePalette(): void {
  typed.value = null;
  found.value = [];
}

const titleIn = (action: Action, language: Lang): string =>
  `${words(language, action.group)}: ${words(language, action.title)}`;

/** Those possible now, best first; without a query, what was used last comes first. */
export function findActions(query: string, all: readonly Action[], language: Lang): Item[] {
  const other: Lang = language === "ko" ? "en" : "ko";
  const ranked: { item: Item; score: number }[] = [];
  for (const action of all) {
    const label = titleIn(action, language);
    const translated = titleIn(action, other);
    const own = matchText(query, label);
    const score = Math.max(own?.score ?? -1e9, (matchText(query, translated)?.score ?? -1e9) - 1);
    if (score < -1e8) continue;
    const recency = used.indexOf(action.id);
    const bonus = recency < 0 ? 0 : query === "" ? 100 - recency : 2;
    ranked.push({
      item: { kind: "action", id: action.id, action, label, at: own?.at ?? [], other: translated },
      score: score + bonus,
    });
  }
  if (query !== "" || used.length > 0) ranked.sort((a, b) => b.score - a.score);
  return ranked.map(({ item }) => item);
}

function fileItem(path: string, query: string): Item {
  const name = nameOf(path);
  const at = query === "" ? [] : (matchText(query, name)?.at ?? []);
  return { kind: "file", id: path, path, name, folder: shortPath(parentOf(path)), at };
}

export const items = computed<readonly Item[]>(() => {
  const text = typed.value;
  if (text === null) return [];
  if (text.startsWith(">"))
    return findActions(text.slice(1).trim(), actions.value.filter(isPossible), lang.value).slice(0, 200);
  const { path, line, column } = parsePlace(text.trim());
  if (path === "" && text.startsWith(":")) {
    return line && activePath.value ? [{ kind: "line", id: "line", line, column: column ?? 1 }] : [];
  }
  if (path === "") {
    const others = recent.value.filter((each) => each !== activePath.value);
    const open = buffers.value.map((buffer) => buffer.path);
    const first = [...new Set([...others, ...open.filter((each) => each !== activePath.value)])];
    return [...new Set([...first, ...found.value])].slice(0, MOST).map((each) => fileItem(each, ""));
  }
  return found.value.slice(0, MOST).map((each) => fileItem(each, path));
});

export const placeholder = computed(() => t("palette.placeholder"));

const PAUSE_MS = 60;

/** Asks for files while somebody types; only the newest question's answer counts. */
export function startPalette(): void {
  let abort: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const query = computed(() => {
    const text = typed.value;
    return text === null || text.startsWith(">") || text.startsWith(":")
      ? null
      : parsePlace(text.trim()).path;
  });
  effect(() => {
    const wanted = query.value;
    clearTimeout(timer);
    abort?.abort();
    if (wanted === null) {
      searching.value = false;
      return;
    }
    const mine = new AbortController();
    abort = mine;
    searching.value = true;
    timer = setTimeout(() => {
      askJson<{ path: string }[]>(`/workspace/paths?q=${encodeURIComponent(wanted)}`, { signal: mine.signal })
        .then((paths) => {
          if (mine.signal.aborted) return;
          found.value = paths.map(({ path }) => path);
          searching.value = false;
        })
        .catch(() => {
          if (!mine.signal.aborted) searching.value = false;
        });
    }, PAUSE_MS);
  });
}
