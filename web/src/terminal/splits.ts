/** Which terminals are seen beside one another: lists of their ids, each id in one list. Plain functions. */
export type Splits = readonly (readonly string[])[];

export const splitOf = (splits: Splits, id: string): readonly string[] =>
  splits.find((ids) => ids.includes(id)) ?? [];

/** A new one by itself, at the end. */
export const withAlone = (splits: Splits, id: string): Splits => [...without(splits, id), [id]];

/** A new one at the right of another. */
export function withBeside(splits: Splits, id: string, beside: string): Splits {
  const left = without(splits, id);
  if (!left.some((ids) => ids.includes(beside))) return withAlone(left, id);
  return left.map((ids) => (ids.includes(beside) ? ids.toSpliced(ids.indexOf(beside) + 1, 0, id) : ids));
}

export const without = (splits: Splits, id: string): Splits =>
  splits.map((ids) => ids.filter((each) => each !== id)).filter((ids) => ids.length > 0);

/** How wide each of several is beside the others: by its id, in proportion; 1 where nothing is said. */
export type Shares = Readonly<Record<string, number>>;

export const sharesOf = (shares: Shares, ids: readonly string[]): number[] =>
  ids.map((id) => shares[id] ?? 1);

export const withShares = (shares: Shares, ids: readonly string[], sizes: readonly number[]): Shares => ({
  ...shares,
  ...Object.fromEntries(ids.map((id, index) => [id, sizes[index] ?? 1])),
});

/** Whatever was remembered: only what fits is taken. */
export function readShares(remembered: unknown): Shares {
  const all = Object.entries(typeof remembered === "object" && remembered !== null ? remembered : {});
  return Object.fromEntries(all.filter(([, size]) => Number.isFinite(size) && size > 0)) as Shares;
}

/** Without those of terminals that are gone. */
export const sharesAmong = (shares: Shares, ids: readonly string[]): Shares =>
  Object.fromEntries(Object.entries(shares).filter(([id]) => ids.includes(id)));

/** As it was remembered, of those that there are; the others alone, in their order. */
export function arranged(remembered: unknown, ids: readonly string[]): Splits {
  const left = new Set(ids);
  const kept = (Array.isArray(remembered) ? remembered : []).map((list) =>
    (Array.isArray(list) ? list : []).filter((id) => left.delete(id)),
  );
  const alone = [...left].map((id) => [id]);
  const all: string[][] = [...kept.filter((list) => list.length > 0), ...alone];
  const first = (list: readonly string[]) => Math.min(...list.map((id) => ids.indexOf(id)));
  return all.sort((a, b) => first(a) - first(b));
}
