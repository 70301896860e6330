/** Does a text answer what somebody types? By its letters in order, and in Korean by the first sounds (ㅈㅈ: 저장). */

export interface Match {
  score: number;
  /** Which characters matched, for drawing. */
  at: number[];
}

const FIRST_SOUNDS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const SYLLABLES = 0xac00;
const LAST_SYLLABLE = 0xd7a3;
const PER_FIRST = 588;

function firstSound(char: string): string {
  const code = char.charCodeAt(0);
  if (code < SYLLABLES || code > LAST_SYLLABLE) return char;
  return FIRST_SOUNDS[Math.floor((code - SYLLABLES) / PER_FIRST)] ?? char;
}

/** A half-typed syllable (저 of 전) counts as well. */
function alike(typed: string, char: string): boolean {
  if (typed === char) return true;
  if (FIRST_SOUNDS.includes(typed)) return firstSound(char) === typed;
  const [a, b] = [typed.charCodeAt(0) - SYLLABLES, char.charCodeAt(0) - SYLLABLES];
  const open = a >= 0 && a <= LAST_SYLLABLE - SYLLABLES && a % 28 === 0;
  return open && b > a && b < a + 28;
}

const isStart = (text: string, index: number): boolean =>
  index === 0 ||
  /[\s\-_./:>]/.test(text[index - 1] ?? "") ||
  /[a-z][A-Z]/.test(text.slice(index - 1, index + 1));

/** Null where it does not; higher is better. Spaces in `query` part words that may stand in any order. */
export function matchText(query: string, text: string): Match | null {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  let score = 0;
  const at = new Set<number>();
  for (const word of words) {
    const found = matchWord([...word], text);
    if (!found) return null;
    score += found.score;
    for (const index of found.at) at.add(index);
  }
  return { score: score - text.length / 100, at: [...at].sort((a, b) => a - b) };
}

function matchWord(word: string[], text: string): Match | null {
  const lower = text.toLowerCase();
  let best: Match | null = null;
  for (let start = 0; start < lower.length; start++) {
    if (!alike(word[0] ?? "", lower[start] ?? "")) continue;
    const found = walk(word, text, lower, start);
    if (found && (!best || found.score > best.score)) best = found;
  }
  return best;
}

function walk(word: string[], text: string, lower: string, start: number): Match | null {
  const at: number[] = [];
  let score = 0;
  let index = start;
  for (const typed of word) {
    while (index < lower.length && !alike(typed, lower[index] ?? "")) index++;
    if (index >= lower.length) return null;
    const next = at.length > 0 && at.at(-1) === index - 1;
    score += 1 + (next ? 4 : 0) + (isStart(text, index) ? 3 : 0);
    at.push(index++);
  }
  return { score, at };
}

/** `web/app.py:12:3` as a path and a place in it. */
export function parsePlace(text: string): { path: string; line?: number; column?: number } {
  const found = /^(.*?):(\d+)?(?::(\d+)?)?:?$/.exec(text);
  if (!found) return { path: text };
  const [, path = "", line, column] = found;
  return {
    path,
    ...(line && { line: Number(line) }),
    ...(line && column && { column: Number(column) }),
  };
}
