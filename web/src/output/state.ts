/** What programs beside the terminals said: the end of it, by who said it. */
import { signal } from "@preact/signals";
import { lang } from "../i18n";

/** Of each; the oldest lines go first. */
export const KEPT_CHARS = 64 * 1024;

export const texts = signal<ReadonlyMap<string, string>>(new Map());
/** Whose is shown. */
export const chosen = signal("deploy");

export function append(who: string, line: string): void {
  const text = `${texts.peek().get(who) ?? ""}${line}\n`;
  const cut = text.length <= KEPT_CHARS ? 0 : text.indexOf("\n", text.length - KEPT_CHARS) + 1;
  texts.value = new Map(texts.peek()).set(who, text.slice(cut));
}

/** A time of day, as lines begin. */
export const timeOf = (time: Date): string =>
  new Intl.DateTimeFormat(lang.peek(), { timeStyle: "medium", hourCycle: "h23" }).format(time);
export const now = (): string => timeOf(new Date());
