/** The terminals of the workspace, each a tab, alone or beside others: those that run already are attached to, else one is made. */
import { batch, computed, effect, signal } from "@preact/signals";
import { isMissing } from "../api/files";
import type { TerminalInfo, TerminalProfile } from "../api/types";
import { createTerminal, deleteTerminal, listTerminals, renameTerminal } from "../api/workspace";
import { showTerminal } from "../app/layout";
import { root } from "../files/state";
import type { Part } from "../settings/part";
import { settings } from "../settings/state";
import { paintCount } from "../theme/theme";
import { workspace } from "../workspace/state";
import { TerminalSession } from "./session";
import {
  arranged,
  readShares,
  type Shares,
  type Splits,
  sharesAmong,
  splitOf,
  withAlone,
  withBeside,
  without,
} from "./splits";

export interface Tab {
  id: string;
  name: string | null;
  /** For tabs without a name of their own. */
  number: number;
  session: TerminalSession;
}

const known = signal<ReadonlyMap<string, Tab>>(new Map());
export const splits = signal<Splits>([]);
/** In the order of their tabs: those that are seen together beside one another. */
export const tabs = computed(() =>
  splits.value.flatMap((ids) => ids.flatMap((id) => known.value.get(id) ?? [])),
);
/** How the terminals of one split share its width. */
export const shares = signal<Shares>({});
export const activeId = signal<string | null>(null);
export const activeTab = computed(() => tabs.value.find(({ id }) => id === activeId.value) ?? null);
/** What is seen: the one in front, and those beside it. */
export const shown = computed(() => {
  const ids = splitOf(splits.value, activeId.value ?? "");
  return ids.flatMap((id) => known.value.get(id) ?? []);
});

const KEY = "maru.terminals";
const SHARES_KEY = "maru.terminals.shares";

/** How they were arranged, until it is known which there are; null from then on. */
const remembered = signal<unknown>(stored(KEY));
shares.value = readShares(stored(SHARES_KEY));

function stored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "[]");
  } catch {
    return [];
  }
}

export const splitsPart: Part = {
  name: "terminals",
  atStart: true,
  read: () => {
    const all = remembered.value ?? splits.value;
    const split = (Array.isArray(all) ? all : []).filter((ids) => Array.isArray(ids) && ids.length > 1);
    if (split.length === 0) return {};
    const beside = sharesAmong(shares.value, split.flat());
    return { splits: split, ...(Object.keys(beside).length > 0 && { shares: beside }) };
  },
  take: (values) => {
    remembered.value = values.splits ?? [];
    shares.value = readShares(values.shares);
  },
};

const FIRST_SIZE = { cols: 100, rows: 24 };
/** A page that is out of sight for longer lets go of its terminals. */
const REST_AFTER_MS = 20_000;

/** Called each time the workspace became ready: tabs of terminals that are gone go, new ones come. */
export async function openTerminals(): Promise<void> {
  const running = (await listTerminals()).filter((info) => (info.exit_code ?? null) === null);
  const ids = new Set(running.map(({ id }) => id));
  for (const { id } of tabs.peek()) if (!ids.has(id)) drop(id);
  for (const info of running) if (!known.peek().has(info.id)) add(info);
  if (remembered.peek() !== null) {
    const order = running.map(({ id }) => id);
    batch(() => {
      splits.value = arranged(remembered.peek(), order);
      shares.value = sharesAmong(shares.peek(), order);
      remembered.value = null;
    });
  }
  if (tabs.peek().length === 0) await make();
  else activeId.value ??= tabs.peek()[0]?.id ?? null;
}

interface Wanted {
  /** One that reads none of the student's own start-up files. */
  clean?: boolean;
  profile?: TerminalProfile;
  /** Beside the one in front, in its folder. */
  split?: boolean;
}

/** One that somebody asked for: what they type next is for it. */
export async function newTerminal(wanted: Wanted = {}): Promise<void> {
  (await make(wanted)).session.focus();
}

async function make(wanted: Wanted = {}): Promise<Tab> {
  const { clean = Boolean(workspace.peek()?.safe_mode), profile, split = false } = wanted;
  const front = activeTab.peek();
  const size = front?.session.terminal ?? FIRST_SIZE;
  const cwd = (split && front && (await folderOf(front))) || root.peek();
  const info = await createTerminal({
    cols: size.cols,
    rows: size.rows,
    ...(cwd !== "" && { cwd }),
    ...(clean && { clean }),
    ...(profile?.shell && { shell: profile.shell }),
    ...(profile?.command && { command: profile.command, name: profile.command }),
  });
  return batch(() => {
    const tab = add(info, split ? front?.id : undefined);
    activeId.value = info.id;
    return tab;
  });
}

/** Asked for: what the page was told lags behind a `cd` that was typed just now. */
async function folderOf({ id, session }: Tab): Promise<string | null | undefined> {
  const running = await listTerminals().catch(() => []);
  return running.find((info) => info.id === id)?.cwd ?? session.status.peek().cwd;
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

function add(info: TerminalInfo, beside?: string): Tab {
  const number = Math.max(0, ...tabs.peek().map((tab) => tab.number)) + 1;
  const tab = { id: info.id, name: info.name || null, number, session: new TerminalSession(info.id) };
  batch(() => {
    known.value = new Map(known.peek()).set(info.id, tab);
    splits.value =
      beside === undefined ? withAlone(splits.peek(), info.id) : withBeside(splits.peek(), info.id, beside);
  });
  return tab;
}

function drop(id: string): void {
  const index = tabs.peek().findIndex((tab) => tab.id === id);
  const neighbours = splitOf(splits.peek(), id);
  const at = neighbours.indexOf(id);
  known.peek().get(id)?.session.dispose();
  batch(() => {
    const left = new Map(known.peek());
    left.delete(id);
    known.value = left;
    splits.value = without(splits.peek(), id);
    shares.value = sharesAmong(shares.peek(), splits.peek().flat());
    if (activeId.peek() !== id) return;
    const others = tabs.peek();
    const next = neighbours[at - 1] ?? neighbours[at + 1] ?? others[Math.min(index, others.length - 1)]?.id;
    activeId.value = next ?? null;
  });
}

/** A name of its own; it is the terminal's, whoever looks at it. */
export async function renameTab(id: string, name: string): Promise<void> {
  const info = await renameTerminal(id, name);
  const tab = known.peek().get(id);
  if (tab) known.value = new Map(known.peek()).set(id, { ...tab, name: info.name || null });
}

/** A new terminal in the place of one that has ended. */
export async function replaceTerminal(id: string): Promise<void> {
  await newTerminal({ split: splitOf(splits.peek(), id).length > 1 });
  await closeTerminal(id);
}

/** The one beside that in front. */
export function stepTerminal(by: 1 | -1): void {
  const all = tabs.peek();
  const next = all[(all.findIndex(({ id }) => id === activeId.peek()) + by + all.length) % all.length];
  if (!next) return;
  activeId.value = next.id;
  next.session.focus();
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
    if (remembered.value !== null) return;
    localStorage.setItem(KEY, JSON.stringify(splits.value));
    localStorage.setItem(SHARES_KEY, JSON.stringify(shares.value));
  });
  effect(() => {
    paintCount.value;
    for (const { session } of tabs.peek()) session.repaint();
  });
  const font = computed(() => settings.value.terminalFont);
  effect(() => {
    font.value;
    for (const { session } of tabs.peek()) session.restyle();
  });
  const reader = computed(() => settings.value.screenReader);
  effect(() => {
    for (const { session } of tabs.value) session.readAloud(reader.value);
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
