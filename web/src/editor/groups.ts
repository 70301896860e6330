/**
 * Groups of the editor: each has tabs and shows one; they lie beside or below one another, as a tree of splits.
 * Every open file has one tab, in one group. The rules are plain functions over that tree.
 */
import { computed, signal } from "@preact/signals";

export interface Group {
  kind: "group";
  id: string;
  tabs: readonly string[];
  active: string | null;
}

export interface Split {
  kind: "split";
  id: string;
  direction: "row" | "column";
  children: readonly Area[];
  /** Shares of the room, of as many as there are children. */
  sizes: readonly number[];
}

export type Area = Group | Split;
export type Side = "left" | "right" | "up" | "down";

const FIRST: Group = { kind: "group", id: "g1", tabs: [], active: null };

export const area = signal<Area>(FIRST);
export const activeGroup = signal(FIRST.id);
export const groups = computed(() => groupsOf(area.value));
export const frontGroup = computed(
  () => groups.value.find(({ id }) => id === activeGroup.value) ?? (groups.value[0] as Group),
);

export const groupsOf = (tree: Area): Group[] =>
  tree.kind === "group" ? [tree] : tree.children.flatMap(groupsOf);

export const holding = (tree: Area, path: string): Group | undefined =>
  groupsOf(tree).find(({ tabs }) => tabs.includes(path));

/** The tree with one group changed. */
export function withGroup(tree: Area, id: string, change: (group: Group) => Group): Area {
  if (tree.kind === "group") return tree.id === id ? change(tree) : tree;
  return { ...tree, children: tree.children.map((child) => withGroup(child, id, change)) };
}

/** An id that is not in use. */
export function freshId(tree: Area): string {
  const taken = new Set<string>();
  const visit = (each: Area) => {
    taken.add(each.id);
    if (each.kind === "split") each.children.forEach(visit);
  };
  visit(tree);
  let number = 1;
  while (taken.has(`g${number}`)) number++;
  return `g${number}`;
}

/** A tab put into a group: at a place among its tabs, else at the end. */
export function withTab(group: Group, path: string, at = group.tabs.length): Group {
  const before = group.tabs.slice(0, at).filter((each) => each !== path);
  const after = group.tabs.slice(at).filter((each) => each !== path);
  return { ...group, tabs: [...before, path, ...after] };
}

/** A tab taken out; the one that took its place is shown then. */
export function withoutTab(group: Group, path: string): Group {
  const index = group.tabs.indexOf(path);
  if (index < 0) return group;
  const tabs = group.tabs.filter((each) => each !== path);
  const active = group.active === path ? (tabs[Math.min(index, tabs.length - 1)] ?? null) : group.active;
  return { ...group, tabs, active };
}

/** A new, empty group beside another. */
export function splitAt(tree: Area, id: string, side: Side): { tree: Area; made: string } {
  const made = freshId(tree);
  const group: Group = { kind: "group", id: made, tabs: [], active: null };
  const direction = side === "left" || side === "right" ? "row" : "column";
  const first = side === "left" || side === "up";
  const visit = (each: Area, name: () => string): Area => {
    if (each.kind === "group") {
      if (each.id !== id) return each;
      const children = first ? [group, each] : [each, group];
      return { kind: "split", id: name(), direction, children, sizes: [1, 1] };
    }
    const index = each.children.findIndex((child) => child.kind === "group" && child.id === id);
    if (index < 0 || each.direction !== direction)
      return { ...each, children: each.children.map((child) => visit(child, name)) };
    // Beside its neighbours already: they share the room of the one that is split.
    const half = (each.sizes[index] ?? 1) / 2;
    const at = first ? index : index + 1;
    const sizes = each.sizes.with(index, half).toSpliced(at, 0, half);
    return { ...each, children: each.children.toSpliced(at, 0, group), sizes };
  };
  return { tree: visit(tree, () => `s${made}`), made };
}

/** Without the group; its neighbours take its room, and a split of one is none. The last group stays. */
export function withoutGroup(tree: Area, id: string): Area {
  if (tree.kind === "group") return tree;
  const kept = tree.children
    .map((child, index) => ({ child, size: tree.sizes[index] ?? 1 }))
    .filter(({ child }) => !(child.kind === "group" && child.id === id))
    .map(({ child, size }) => ({ child: withoutGroup(child, id), size }));
  const [only] = kept;
  if (kept.length === 1 && only) return only.child;
  const children = kept.map(({ child }) => child);
  return { ...tree, children, sizes: kept.map(({ size }) => size) };
}

export function withSizes(tree: Area, id: string, sizes: readonly number[]): Area {
  if (tree.kind === "group") return tree;
  if (tree.id === id) return { ...tree, sizes };
  return { ...tree, children: tree.children.map((child) => withSizes(child, id, sizes)) };
}

/** Whatever was stored: only a tree that can be shown, with each file in it once; else null. */
export function readArea(stored: unknown): Area | null {
  const paths = new Set<string>();
  const ids = new Set<string>();
  const once = (id: unknown): id is string => typeof id === "string" && !ids.has(id) && !!ids.add(id);
  const read = (each: unknown, depth: number): Area | null => {
    if (each === null || typeof each !== "object" || depth > 8) return null;
    const found = each as Record<string, unknown>;
    if (!once(found.id)) return null;
    if (found.kind === "group") {
      if (!Array.isArray(found.tabs)) return null;
      const tabs = found.tabs.filter(
        (path) => typeof path === "string" && !paths.has(path) && paths.add(path),
      );
      const active = tabs.includes(found.active) ? (found.active as string) : (tabs[0] ?? null);
      return { kind: "group", id: found.id, tabs, active };
    }
    const { children, direction, sizes } = found;
    if (found.kind !== "split" || !Array.isArray(children) || !Array.isArray(sizes)) return null;
    if (direction !== "row" && direction !== "column") return null;
    const good = children.map((child) => read(child, depth + 1));
    if (good.length < 2 || good.includes(null) || sizes.length !== good.length) return null;
    if (!sizes.every((size) => typeof size === "number" && size > 0)) return null;
    return { kind: "split", id: found.id, direction, children: good as Area[], sizes: sizes as number[] };
  };
  return read(stored, 0);
}
