/** Which Secret, and which key of it, a finding tells one to enter. */
import type { Diagnostic } from "../api/types";
import { piecesOf } from "../app/backticks";

/** Each is empty where the words do not say it beyond doubt. */
export interface SecretKey {
  name: string;
  key: string;
}

const UNSAID: SecretKey = { name: "", key: "" };
const PLAIN = /^[\w.-]+$/;

/** Null where it is about no Secret that can be entered. */
export function secretWanted({ code, message, fix }: Diagnostic): SecretKey | null {
  switch (code) {
    case "missing_secret":
      return saidIn(message);
    case "missing_key":
      // Else its fix is another key to write, or it is about a ConfigMap.
      return fix?.includes("Secret `") ? saidIn(fix) : null;
    case "container_config":
      return saidByKubelet(message);
    default:
      return null;
  }
}

/** In both languages the name follows the word Secret, and the key is the other code, if there is one. */
function saidIn(words: string): SecretKey {
  const pieces = piecesOf(words);
  const at = pieces.findIndex(({ code }, index) => code && pieces[index - 1]?.text.endsWith("Secret "));
  const name = pieces[at]?.text ?? "";
  const [key = "", ...more] = pieces
    .filter(({ code }, index) => code && index !== at)
    .map(({ text }) => text);
  const sound = PLAIN.test(name) && (key === "" || PLAIN.test(key)) && more.length === 0;
  return sound ? { name, key } : UNSAID;
}

function saidByKubelet(words: string): SecretKey | null {
  const secret = /secret "([\w.-]+)" not found/.exec(words);
  if (secret) return { name: secret[1] ?? "", key: "" };
  const key = /couldn't find key ([\w.-]+) in Secret [\w-]+\/([\w.-]+)/.exec(words);
  return key && { name: key[2] ?? "", key: key[1] ?? "" };
}

/** All keys of a Secret that findings miss, each once: who enters one of them enters them all. */
export function keysWanted(of: string, findings: readonly Diagnostic[]): string[] {
  const wanted = findings.map(secretWanted).filter((found) => found?.name === of);
  return [...new Set(wanted.flatMap((found) => found?.key || []))];
}
