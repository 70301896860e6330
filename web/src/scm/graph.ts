/** Which lane each commit lies in, and the lines to its parents. Commits come with children before parents. */

export interface Edge {
  from: number;
  to: number;
  /** In which half of the row it runs. */
  half: "above" | "below";
}

export interface GraphRow {
  lane: number;
  edges: Edge[];
  /** Lanes in use. */
  width: number;
}

export function graphOf(commits: readonly { id: string; parents: readonly string[] }[]): GraphRow[] {
  /** Of each lane the commit that it leads down to. */
  let lanes: (string | null)[] = [];
  return commits.map(({ id, parents }) => {
    const before = lanes;
    let lane = before.indexOf(id);
    if (lane < 0) lane = firstFree(before);
    // What led here from above ends here.
    const after: (string | null)[] = before.map((wanted) => (wanted === id ? null : wanted));
    const edges: Edge[] = [];
    before.forEach((wanted, from) => {
      if (wanted !== null) edges.push({ from, to: wanted === id ? lane : from, half: "above" });
    });
    parents.forEach((parent, index) => {
      let to = after.indexOf(parent);
      // The first parent goes on in this lane, unless one further left leads to it already.
      if (index === 0 && (to < 0 || to > lane)) to = lane;
      else if (to < 0) to = firstFree(after, lane);
      after[to] = parent;
      edges.push({ from: lane, to, half: "below" });
    });
    after.forEach((wanted, at) => {
      const passes = wanted !== null && before[at] === wanted;
      if (passes) edges.push({ from: at, to: at, half: "below" });
    });
    while (after.at(-1) === null) after.pop();
    lanes = after;
    return { lane, edges, width: Math.max(before.length, after.length, lane + 1) };
  });
}

function firstFree(lanes: readonly (string | null)[], but = -1): number {
  const found = lanes.findIndex((wanted, at) => (wanted === null || wanted === undefined) && at !== but);
  return found < 0 ? Math.max(lanes.length, but + 1) : found;
}
