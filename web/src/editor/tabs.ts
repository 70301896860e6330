/** Which tab each group shows, and moving tabs between groups; remembered for the user, in all of their browsers. */
import { batch, computed, effect, signal } from "@preact/signals";
import type { Part } from "../settings/part";
import { type Buffer, buffers, find, isPanel } from "./buffers";
import { forgetGroup, showDocument, shownIn } from "./documents";
import {
  type Area,
  activeGroup,
  area,
  frontGroup,
  groups,
  groupsOf,
  holding,
  readArea,
  type Side,
  splitAt,
  withGroup,
  withoutGroup,
  withoutTab,
  withTab,
} from "./groups";

export const activePath = computed(() => frontGroup.value.active);
export const active = computed<Buffer | null>(
  () => buffers.value.find(({ path }) => path === activePath.value) ?? null,
);
/** Files by when they were looked at, the last first. */
export const recent = signal<readonly string[]>([]);
const RECENT = 30;

/** Shows a tab: where it is already, else as a new one of the group in front. */
export function activate(path: string): void {
  const home = holding(area.peek(), path) ?? frontGroup.peek();
  batch(() => {
    area.value = withGroup(area.peek(), home.id, (group) => {
      const known = group.tabs.includes(path) ? group : withTab(group, path);
      return { ...known, active: path };
    });
    activeGroup.value = home.id;
    if (!isPanel(path))
      recent.value = [path, ...recent.peek().filter((each) => each !== path)].slice(0, RECENT);
  });
}

export function activateGroup(id: string): void {
  activeGroup.value = id;
}

/** Takes a tab away; a group that is left without one goes too, unless it is the last. */
export function removeTab(path: string): void {
  const home = holding(area.peek(), path);
  if (!home) return;
  const left = withGroup(area.peek(), home.id, (group) => withoutTab(group, path));
  area.value = home.tabs.length === 1 ? withoutGroup(left, home.id) : left;
}

export function renameTab(from: string, to: string): void {
  const home = holding(area.peek(), from);
  if (!home) return;
  area.value = withGroup(area.peek(), home.id, (group) => ({
    ...group,
    tabs: group.tabs.map((path) => (path === from ? to : path)),
    active: group.active === from ? to : group.active,
  }));
}

/** Puts a tab into a group, at a place among its tabs (else at the end), and shows it. */
export function moveTab(path: string, to: string, at?: number): void {
  const home = holding(area.peek(), path);
  batch(() => {
    if (home && home.id !== to) removeTab(path);
    area.value = withGroup(area.peek(), to, (group) => ({ ...withTab(group, path, at), active: path }));
    activeGroup.value = to;
  });
}

/** A new group beside another; `path` moves into it. */
export function split(id: string, side: Side, path: string | null): void {
  const home = path === null ? undefined : holding(area.peek(), path);
  // It is there alone: there would be an empty group in its place.
  const alone = home?.id === id && home.tabs.length === 1;
  batch(() => {
    const { tree, made } = splitAt(area.peek(), id, side);
    area.value = tree;
    if (path !== null && !alone) moveTab(path, made);
    activeGroup.value = made;
  });
}

/** Closes a group; its tabs go to a neighbour. */
export function joinGroup(id: string): void {
  const all = groupsOf(area.peek());
  const index = all.findIndex((group) => group.id === id);
  const into = all[index === 0 ? 1 : index - 1];
  const gone = all[index];
  if (!into || !gone) return;
  batch(() => {
    area.value = withGroup(withoutGroup(area.peek(), id), into.id, (group) => ({
      ...gone.tabs.reduce((sum, path) => withTab(sum, path), group),
      active: gone.active ?? group.active,
    }));
    activeGroup.value = into.id;
  });
}

/** The group `by` places on, in the order of the page. */
export function neighbour(by: 1 | -1): string {
  const all = groups.peek();
  const index = all.findIndex(({ id }) => id === frontGroup.peek().id);
  return all[(index + by + all.length) % all.length]?.id ?? frontGroup.peek().id;
}

/** Where something goes that is to be seen beside the text in front. */
export function besideFront(): string {
  const other = neighbour(1);
  if (other !== frontGroup.peek().id) return other;
  const { tree, made } = splitAt(area.peek(), other, "right");
  area.value = tree;
  return made;
}

interface Remembered {
  area: Area | null;
  front: string | null;
}

const keyOf = (owner: string): string => `maru.tabs.${owner}`;

const NOTHING: Remembered = { area: null, front: null };

function readRemembered(stored: unknown): Remembered {
  const { area: tree, front } = (stored ?? {}) as Record<string, unknown>;
  return { area: readArea(tree), front: typeof front === "string" ? front : null };
}

function storedTabs(owner: string): Remembered {
  try {
    return readRemembered(JSON.parse(localStorage.getItem(keyOf(owner)) ?? "{}"));
  } catch {
    return NOTHING;
  }
}

const remembered = signal(NOTHING);
export const rememberedTabs = (): Remembered => remembered.peek();

export const tabsPart: Part = {
  name: "editor",
  atStart: true,
  read: () => {
    const { area: tree } = remembered.value;
    const isEmpty = tree === null || (tree.kind === "group" && tree.tabs.length === 0);
    return isEmpty ? {} : { tabs: remembered.value };
  },
  take: ({ tabs }) => {
    remembered.value = readRemembered(tabs);
  },
};

const withoutPanels = (tree: Area): Area =>
  tree.kind === "split"
    ? { ...tree, children: tree.children.map(withoutPanels) }
    : tree.tabs.filter(isPanel).reduce(withoutTab, tree);

/** For as long as the page lives: views show what the tabs say, and that is remembered. */
export function startTabs(owner: string): () => void {
  remembered.value = storedTabs(owner);
  let before = new Set<string>();
  const follow = effect(() => {
    const all = groups.value;
    const texts = new Set(buffers.value.filter(({ status }) => status === "text").map(({ path }) => path));
    const wanted = all.map(
      ({ id, active: path }) => [id, path !== null && texts.has(path) ? path : null] as const,
    );
    // First out of the group where it was: no text has two views.
    for (const [id] of wanted)
      if (wanted.some(([other, path]) => other !== id && path !== null && path === shownIn(id)))
        showDocument(id, null);
    for (const [id, path] of wanted) showDocument(id, path);
    const now = new Set(all.map(({ id }) => id));
    for (const id of before) if (!now.has(id)) forgetGroup(id);
    before = now;
    if (!now.has(activeGroup.peek())) activeGroup.value = all[0]?.id ?? "";
  });
  const remember = effect(() => {
    const now = { area: withoutPanels(area.value), front: activeGroup.value };
    if (!remembering.value) return;
    remembered.value = now;
    localStorage.setItem(keyOf(owner), JSON.stringify(now));
  });
  return () => {
    follow();
    remember();
  };
}

/** Not before what was remembered is shown again. */
const remembering = signal(false);

/** Shows what was remembered, as far as it could be loaded. */
export function showRemembered(tree: Area | null, front: string | null): void {
  batch(() => {
    if (tree) area.value = tree;
    if (front !== null && groups.peek().some(({ id }) => id === front)) activeGroup.value = front;
  });
}

export function startRemembering(): void {
  for (const { tabs } of groups.peek()) for (const path of tabs) if (!find(path)) removeTab(path);
  remembering.value = true;
}
