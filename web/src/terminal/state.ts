/** The terminals of the workspace, each a tab: those that run already are attached to, else one is made. */
import { computed, effect, signal } from "@preact/signals";
import { isMissing } from "../api/files";
import type { TerminalInfo } from "../api/types";
import { createTerminal, deleteTerminal, listTerminals } from "../api/workspace";
import { showTerminal } from "../app/layout";
import { root } from "../files/state";
import { settings } from "../settings/state";
import { paintCount } from "../theme/theme";
import { workspace } from "../workspace/state";
import { TerminalSession } from "./session";

export interface Tab {
  id: string;
  name: string | null;
  /** For tabs without a name of their own. */
  number: number;
  session: TerminalSession;
}

export const tabs = signal<readonly Tab[]>([]);
export const activeId = signal<string | null>(null);
export const activeTab = computed(() => tabs.value.find(({ id }) => id === activeId.value) ?? null);

const FIRST_SIZE = { cols: 100, rows: 24 };
/** A page that is out of sight for longer lets go of its terminals. */
const REST_AFTER_MS = 20_000;

/** Called each time the workspace became ready: tabs of terminals that are gone go, new ones come. */
export async function openTerminals(): Promise<void> {
  const known = (await listTerminals()).filter((info) => (info.exit_code ?? null) === null);
  const ids = new Set(known.map(({ id }) => id));
  for (const tab of tabs.peek()) if (!ids.has(tab.id)) drop(tab.id);
  for (const info of known) if (!tabs.peek().some(({ id }) => id === info.id)) add(info);
  if (tabs.peek().length === 0) await newTerminal();
  else activeId.value ??= tabs.peek()[0]?.id ?? null;
}

/** A clean one reads none of the student's own start-up files. */
export async function newTerminal(clean = Boolean(workspace.peek()?.safe_mode)): Promise<void> {
  const size = activeTab.peek()?.session.terminal ?? FIRST_SIZE;
  const where = root.peek() === "" ? {} : { cwd: root.peek() };
  const info = await createTerminal({ cols: size.cols, rows: size.rows, ...where, ...(clean && { clean }) });
  add(info);
  activeId.value = info.id;
}

/** A command in a terminal of its own, which is shown. */
export async function runInTerminal(command: string, name: string): Promise<TerminalSession> {
  const size = activeTab.peek()?.session.terminal ?? FIRST_SIZE;
  const info = await createTerminal({ cols: size.cols, rows: size.rows, command, name });
  showTerminal(true);
  const { session } = add(info);
  activeId.value = info.id;
  return session;
}

function add(info: TerminalInfo): Tab {
  const number = Math.max(0, ...tabs.peek().map((tab) => tab.number)) + 1;
  const tab = { id: info.id, name: info.name || null, number, session: new TerminalSession(info.id) };
  tabs.value = [...tabs.peek(), tab];
  return tab;
}

function drop(id: string): void {
  const index = tabs.peek().findIndex((tab) => tab.id === id);
  tabs.peek()[index]?.session.dispose();
  const left = tabs.peek().filter((tab) => tab.id !== id);
  tabs.value = left;
  if (activeId.peek() === id) activeId.value = left[Math.min(index, left.length - 1)]?.id ?? null;
}

/** A new terminal in the place of one that has ended. */
export async function replaceTerminal(id: string): Promise<void> {
  await newTerminal();
  await closeTerminal(id);
}

/** The one beside that in front. */
export function stepTerminal(by: 1 | -1): void {
  const all = tabs.peek();
  const next = all[(all.findIndex(({ id }) => id === activeId.peek()) + by + all.length) % all.length];
  if (!next) return;
  activeId.value = next.id;
  requestAnimationFrame(() => next.session.focus());
}

/** Ends the program and closes the tab. */
export async function closeTerminal(id: string): Promise<void> {
  drop(id);
  try {
    await deleteTerminal(id);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  if (tabs.peek().length === 0) showTerminal(false);
}

/** Colours follow the theme; a page that is looked at again, or online again, connects at once. */
export function startTerminals(): void {
  effect(() => {
    paintCount.value;
    for (const { session } of tabs.peek()) session.repaint();
  });
  const font = computed(() => settings.value.terminalFont);
  effect(() => {
    font.value;
    for (const { session } of tabs.peek()) session.restyle();
  });
  const nudge = () => {
    for (const { session } of tabs.peek()) session.nudge();
  };
  let resting: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(resting);
    if (document.visibilityState === "visible") return nudge();
    resting = setTimeout(() => {
      for (const { session } of tabs.peek()) session.rest();
    }, REST_AFTER_MS);
  };
  addEventListener("online", nudge);
  document.addEventListener("visibilitychange", look);
}
