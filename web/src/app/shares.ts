/** How several things share one room: sizes in proportion, as `flex-grow` takes them. Plain functions. */

/** The share below which nothing of one would be seen. */
const LEAST = 0.1;

/** Gives the one at `index` so much of the whole room more, and the next so much less; neither gets too small. */
export function shifted(sizes: readonly number[], index: number, share: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const [before = 0, after = 0] = [sizes[index], sizes[index + 1]];
  const least = Math.min(LEAST * all, before, after);
  const by = Math.max(least - before, Math.min(after - least, share * all));
  return sizes.with(index, before + by).with(index + 1, after - by);
}
