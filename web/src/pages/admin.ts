/**
 * The admin's table: the server renders the rows; here they are searched, started and stopped, and their
 * states followed. Words come with the markup (data attributes), so that the server alone picks the language.
 */

import { ask } from "./ask";

interface Live {
  id: string;
  state: string;
  phase?: string | null;
  cause?: string | null;
  keep_alive_until?: string | null;
}

const POLL_MS = 3000;
/** In which states each button is of use. */
const OPS: Record<string, readonly string[]> = {
  start: ["none", "stopped", "failed"],
  stop: ["ready"],
  restart: ["ready"],
  keep: ["ready"],
  cancel: ["queued", "starting"],
  force: ["starting", "stopping", "failed"],
};
const TONES: Record<string, string> = { ready: "good", failed: "bad", stopped: "", none: "" };

/** Lists page with a cursor, or come whole as an array; either is taken. */
export function itemsOf(answer: unknown): Live[] {
  if (Array.isArray(answer)) return answer as Live[];
  for (const value of Object.values(answer ?? {})) if (Array.isArray(value)) return value as Live[];
  return [];
}

/** True where every word of the query is somewhere in the text. */
export function matches(text: string, query: string): boolean {
  const held = text.toLocaleLowerCase();
  return query
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => held.includes(word));
}

export const isUseful = (op: string, state: string): boolean => OPS[op]?.includes(state) ?? false;

/** The value of a `datetime-local` field, in this browser's own time. */
export function localTime(time: Date): string {
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

const HOUR_MS = 3_600_000;
const SHORT = { dateStyle: "medium", timeStyle: "short" } as const;

export function startAdmin(frame: HTMLElement): void {
  const rows = [...frame.querySelectorAll<HTMLElement>("[data-row]")];
  const notice = document.querySelector<HTMLElement>("[data-notice]");
  const none = frame.querySelector<HTMLElement>("[data-none]");

  const search = document.querySelector<HTMLInputElement>("[data-search]");
  search?.addEventListener("input", () => {
    let shown = 0;
    for (const row of rows) {
      row.hidden = !matches(row.dataset.text ?? "", search.value.trim());
      if (!row.hidden) shown++;
    }
    if (none) none.hidden = shown > 0;
  });

  function say(text: string) {
    if (!notice) return;
    notice.textContent = text;
    notice.hidden = text === "";
  }

  function show(row: HTMLElement, live: Live) {
    const pill = row.querySelector<HTMLElement>("[data-state]");
    const phase = row.querySelector<HTMLElement>("[data-phase]");
    if (pill) {
      pill.dataset.state = live.state;
      pill.className = `pill ${TONES[live.state] ?? "busy"}`;
      pill.textContent =
        frame.dataset[`word${live.state[0]?.toUpperCase()}${live.state.slice(1)}`] ?? live.state;
    }
    const kept = live.keep_alive_until;
    const until = kept ? new Date(kept).toLocaleString(document.documentElement.lang, SHORT) : "";
    row.dataset.kept = kept ?? "";
    if (phase) {
      const awake = kept ? (frame.dataset.wordKept ?? "").replace("{time}", until) : "";
      phase.textContent = live.state === "ready" ? awake : (live.cause ?? live.phase ?? "");
    }
    for (const button of row.querySelectorAll<HTMLButtonElement>("[data-op]")) {
      button.hidden = !isUseful(button.dataset.op ?? "", live.state);
    }
  }

  for (const row of rows) {
    const state = row.querySelector<HTMLElement>("[data-state]")?.dataset.state || "none";
    show(row, { id: "", state, phase: row.querySelector("[data-phase]")?.textContent ?? "" });
  }

  async function refresh() {
    const found = itemsOf(await ask("GET", "/admin/workspaces?limit=200"));
    for (const live of found) {
      const row = rows.find((each) => each.dataset.workspace === live.id);
      if (row) show(row, live);
    }
  }

  const dialog = document.querySelector<HTMLDialogElement>("[data-keep]");

  /** Asks until when; null where nothing is to be done. */
  function askUntil(row: HTMLElement): Promise<Date | "off" | null> {
    const field = dialog?.querySelector<HTMLInputElement>("[name=until]");
    if (!dialog || !field) return Promise.resolve(null);
    field.min = localTime(new Date());
    field.value = localTime(
      row.dataset.kept ? new Date(row.dataset.kept) : new Date(Date.now() + 3 * HOUR_MS),
    );
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener(
        "close",
        () => {
          const { returnValue } = dialog;
          resolve(returnValue === "off" ? "off" : returnValue === "on" ? new Date(field.value) : null);
        },
        { once: true },
      );
    });
  }

  async function keep(row: HTMLElement): Promise<void> {
    const until = await askUntil(row);
    if (until === null) return;
    const path = `/admin/workspaces/${row.dataset.workspace}/keep-alive`;
    const asked = until === "off" ? ask("DELETE", path) : ask("POST", path, { until: until.toISOString() });
    show(row, (await asked) as Live);
  }

  frame.addEventListener("click", async (event) => {
    const button = (event.target as HTMLElement).closest<HTMLButtonElement>("[data-op]");
    const row = button?.closest<HTMLElement>("[data-row]");
    if (!button || !row) return;
    button.disabled = true;
    say("");
    try {
      if (button.dataset.op === "keep") {
        await keep(row);
        return;
      }
      const id = row.dataset.workspace || row.dataset.user;
      const answer = await ask("POST", "/admin/workspaces/bulk", { op: button.dataset.op, ids: [id] });
      const { results } = answer as {
        results: { ok: boolean; error?: { detail?: string }; workspace?: Live }[];
      };
      const [result] = results;
      if (!result?.ok) throw new Error(result?.error?.detail ?? "");
      // A user's first workspace has its id only now.
      if (result.workspace) {
        row.dataset.workspace = result.workspace.id;
        show(row, result.workspace);
      }
      await refresh();
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    } finally {
      button.disabled = false;
    }
  });

  setInterval(() => {
    // A missed poll is made good by the next.
    if (document.visibilityState === "visible") refresh().catch(() => undefined);
  }, POLL_MS);
}
