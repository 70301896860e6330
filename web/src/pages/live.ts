/** Parts of a page that show what is now: asked for anew while somebody looks; and logs that go on. */
import { labelNumbers } from "./labels";

const LOOK_MS = 4000;
/** Lines that are kept in the page. */
const LINES = 2000;

/** Puts the present state of `[data-live]` in, by the page's own address. Words and rights are the server's. */
export function startLive(live: HTMLElement): void {
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser()
      .parseFromString(await answer.text(), "text/html")
      .querySelector("[data-live]");
    // A table that somebody selects text in, or has the focus in, is not pulled from under them.
    const busy = live.contains(document.activeElement) || !(getSelection()?.isCollapsed ?? true);
    if (!fresh || busy) return;
    live.replaceChildren(...document.adoptNode(fresh).childNodes);
    showTimes(live);
    labelNumbers(live);
  };
  setInterval(() => void look().catch(() => undefined), LOOK_MS);
}

/** Times as this browser's reader writes them. */
export function showTimes(within: ParentNode): void {
  for (const time of within.querySelectorAll<HTMLTimeElement>("time[data-time]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = at.toLocaleString(document.documentElement.lang || undefined, {
      dateStyle: "short",
      timeStyle: "medium",
    });
  }
}

interface LogLine {
  pod: string;
  container: string;
  line: string;
}

/** Lines of NDJSON, and what is left of the last one. */
export function linesOf(text: string): { lines: string[]; rest: string } {
  const parts = text.split("\n");
  const rest = parts.pop() ?? "";
  const lines = parts
    .filter((part) => part !== "")
    .map((part) => {
      const { pod, line } = JSON.parse(part) as LogLine;
      return `${pod}  ${line}`;
    });
  return { lines, rest };
}

export async function startLogs(into: HTMLElement): Promise<void> {
  const answer = await fetch(`/api/v1${into.dataset.logs}`);
  const reader = answer.ok ? answer.body?.getReader() : undefined;
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = "";
  let kept: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const found = linesOf(rest + decoder.decode(value, { stream: true }));
    rest = found.rest;
    kept = [...kept, ...found.lines].slice(-LINES);
    const atEnd = into.scrollHeight - into.scrollTop - into.clientHeight < 24;
    into.textContent = kept.join("\n");
    if (atEnd) into.scrollTop = into.scrollHeight;
  }
}
