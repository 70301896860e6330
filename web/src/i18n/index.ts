/** Words in Korean and English, switched at once. The two language files have the same, typed keys. */
import { batch, effect, signal } from "@preact/signals";
import type { Part } from "../settings/part";
import { en } from "./en";
import { ko } from "./ko";

export type Lang = "ko" | "en";
export type Key = keyof typeof en;
export type Messages = Record<Key, string>;
type Values = Record<string, string | number>;

const MESSAGES: Record<Lang, Messages> = { en, ko };
const COOKIE = "maru_lang";
const YEAR_SECONDS = 31_536_000;

const isLang = (word: unknown): word is Lang => word === "ko" || word === "en";

function fromCookie(cookie: string): Lang | null {
  const word = new RegExp(`(?:^|;\\s*)${COOKIE}=(ko|en)`).exec(cookie)?.[1];
  return isLang(word) ? word : null;
}

/** What the cookie says, else what the browser prefers, else English. */
export function chooseLang(cookie: string, preferred: readonly string[]): Lang {
  const known = fromCookie(cookie);
  if (known) return known;
  for (const tag of preferred) {
    if (tag.toLowerCase().startsWith("ko")) return "ko";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

export const lang = signal<Lang>(chooseLang(document.cookie, navigator.languages));
/** The language that somebody asked for, here or on the login page; null where the browser's list decided. */
const asked = signal(fromCookie(document.cookie));

export const langPart: Part = {
  name: "language",
  read: () => (asked.value === null ? {} : { name: asked.value }),
  take: ({ name }) => {
    if (isLang(name)) setLang(name);
  },
};

/** The words for a key; reading them in a view makes it follow a switch of language. */
export function t(key: Key, values?: Values): string {
  return fill(MESSAGES[lang.value][key], values);
}

/** The words of one language, whichever is shown. */
export const words = (language: Lang, key: Key): string => MESSAGES[language][key];

export function fill(template: string, values?: Values): string {
  if (!values) return template;
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function setLang(next: Lang): void {
  batch(() => {
    lang.value = next;
    asked.value = next;
  });
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing on plain http
  document.cookie = `${COOKIE}=${next}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
}

/** Keeps `<html lang>` right, for screen readers and for the fonts of Hangul. */
export function startLang(): void {
  effect(() => {
    document.documentElement.lang = lang.value;
  });
}
