/** What the palette offers for what is typed: actions after ">", a line after ":", what the text defines after "@", else files. */
import { computed, effect, signal } from "@preact/signals";
import { type Action, actions, isPossible } from "../actions/registry";
import { again } from "../api/again";
import { askJson } from "../api/http";
import { stateOf } from "../editor/documents";
import { loadLanguage } from "../editor/languages";
import { activePath, buffers, recent } from "../editor/state";
import type { Definition } from "../editor/symbols";
import { shortPath } from "../files/state";
import { nameOf, parentOf } from "../files/tree";
import { type Lang, lang, t, words } from "../i18n";
import { matchText, parsePlace } from "./match";

export type Item =
  | { kind: "action"; id: string; action: Action; label: string; at: readonly number[]; other: string }
  | { kind: "file"; id: string; path: string; name: string; folder: string; at: readonly number[] }
  | { kind: "line"; id: string; line: number; column: number }
  | {
      kind: "symbol";
      id: string;
      name: string;
      at: readonly number[];
      line: number;
      column: number;
      depth: number;
    };

/** What is typed; null while the palette is closed. */
export const typed = signal<string | null>(null);
const found = signal<readonly string[]>([]);
export const searching = signal(false);

/** What the text in front defines; read when "@" is typed. */
const defined = signal<readonly Definition[]>([]);

function findSymbols(query: string): Item[] {
  return defined.value.flatMap(({ name, line, column, depth }, index): Item[] => {
    const match = query === "" ? { at: [] } : matchText(query, name);
    const shown = query === "" ? depth : 0;
    return match ? [{ kind: "symbol", id: `${index}`, name, at: match.at, line, column, depth: shown }] : [];
  });
}

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
  if (text.startsWith("@")) return findSymbols(text.slice(1).trim());
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
/** How often, and how soon again, a text without definitions is looked at; one on its way does not count. */
const LOOKS = 20;
const LOOK_AGAIN_MS = 100;

/** Asks for files while somebody types; only the newest question's answer counts. */
export function startPalette(): void {
  let abort: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const query = computed(() => {
    const text = typed.value;
    return text === null || /^[>:@]/.test(text) ? null : parsePlace(text.trim()).path;
  });
  const ofText = computed(() => typed.value?.startsWith("@") ?? false);
  effect(() => {
    if (!ofText.value) return;
    const path = activePath.peek();
    defined.value = [];
    if (path === null) return;
    Promise.all([again(() => import("../editor/symbols")), loadLanguage(path)]).then(
      ([{ symbolsOf }]) => {
        // A file that was opened just now gets its text and its language in a moment.
        let looks = LOOKS;
        const look = (): void => {
          if (!ofText.peek() || activePath.peek() !== path) return;
          const state = stateOf(path);
          const found = state ? symbolsOf(state, path) : [];
          if (found.length > 0) defined.value = found;
          else if (!state || --looks > 0) setTimeout(look, LOOK_AGAIN_MS);
        };
        look();
      },
      () => undefined,
    );
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
