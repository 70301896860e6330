/** What a program in a terminal puts into the clipboard (OSC 52): only with the user's consent, and never the other way. */
import { copyText } from "../app/clipboard";
import { say, sayError } from "../app/toast";
import { t } from "../i18n";
import { settings } from "../settings/state";

/** More than this is no text that somebody copied. */
const MOST_CHARS = 512 * 1024;
const SHOWN_CHARS = 40;

/** The text of a sequence's body, `c;BASE64`; null for a question, another clipboard, or what cannot be read. */
export function textOfSequence(body: string): string | null {
  const [where = "", data = ""] = body.split(";");
  if (data === "" || data === "?" || data.length > MOST_CHARS || !/^[cps0-7]*$/.test(where)) return null;
  try {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** True: the sequence is dealt with, whatever came of it. */
export function takeClipboard(body: string): boolean {
  const text = textOfSequence(body);
  if (!text) return true;
  const copy = () => {
    copyText(text).catch(sayError);
  };
  if (settings.peek().clipboard) {
    copy();
    return true;
  }
  const start = [...text.replace(/\s+/g, " ").trim()].slice(0, SHOWN_CHARS).join("");
  say(t("terminal.clipboard", { count: [...text].length, start }), "good", {
    label: t("terminal.clipboard.copy"),
    run: copy,
  });
  return true;
}
