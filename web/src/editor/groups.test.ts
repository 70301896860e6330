import { describe, expect, it } from "vitest";
import {
  type Area,
  type Group,
  groupsOf,
  readArea,
  splitAt,
  withGroup,
  withoutGroup,
  withoutTab,
  withTab,
} from "./groups";

const group = (id: string, ...tabs: string[]): Group => ({
  kind: "group",
  id,
  tabs,
  active: tabs[0] ?? null,
});
const ids = (tree: Area): unknown =>
  tree.kind === "group" ? tree.id : [tree.direction, ...tree.children.map(ids)];

describe("tabs of a group", () => {
  it("move to a place among the others", () => {
    expect(withTab(group("g1", "a", "b", "c"), "a", 2).tabs).toEqual(["b", "a", "c"]);
    expect(withTab(group("g1", "a", "b"), "c", 1).tabs).toEqual(["a", "c", "b"]);
    expect(withTab(group("g1", "a"), "b").tabs).toEqual(["a", "b"]);
  });

  it("give way to their neighbour", () => {
    const of = (active: string) => withoutTab({ ...group("g1", "a", "b", "c"), active }, "b");
    expect(of("b")).toMatchObject({ tabs: ["a", "c"], active: "c" });
    expect(of("a")).toMatchObject({ active: "a" });
    expect(withoutTab(group("g1", "a"), "a").active).toBeNull();
  });
});

describe("splits", () => {
  it("lie beside, and below within", () => {
    const one = splitAt(group("g1"), "g1", "right");
    expect(ids(one.tree)).toEqual(["row", "g1", "g2"]);
    const two = splitAt(one.tree, "g2", "left");
    expect(ids(two.tree)).toEqual(["row", "g1", "g3", "g2"]);
    const three = splitAt(two.tree, "g3", "down");
    expect(ids(three.tree)).toEqual(["row", "g1", ["column", "g3", "g4"], "g2"]);
    expect(ids(withoutGroup(three.tree, "g3"))).toEqual(["row", "g1", "g4", "g2"]);
    expect(ids(withoutGroup(withoutGroup(one.tree, "g1"), "g2"))).toEqual("g2");
  });

  it("keep shares of the room that add up to the same", () => {
    const sum = (tree: Area) => (tree.kind === "split" ? tree.sizes.reduce((a, b) => a + b) : 0);
    const one = splitAt(group("g1"), "g1", "down").tree;
    expect(sum(splitAt(one, "g1", "up").tree)).toBe(sum(one));
  });
});

describe("what was stored", () => {
  it("is taken as it is where it can be shown", () => {
    const { tree } = splitAt(group("g1", "a", "b"), "g1", "right");
    const full = withGroup(tree, "g2", (each) => withTab(each, "c"));
    const again = readArea(JSON.parse(JSON.stringify(full)));
    expect(again && groupsOf(again).map(({ tabs }) => tabs)).toEqual([["a", "b"], ["c"]]);
  });

  it("is refused or mended where it can't", () => {
    expect(readArea(null)).toBeNull();
    expect(readArea({ kind: "split", id: "s", direction: "row", children: [], sizes: [] })).toBeNull();
    const twice = {
      kind: "split",
      id: "s",
      direction: "row",
      sizes: [1, 1],
      children: [group("g1"), group("g1")],
    };
    expect(readArea(twice)).toBeNull();
    expect(readArea({ ...group("g1", "a", "a"), active: "gone" })).toEqual(group("g1", "a"));
  });
});
