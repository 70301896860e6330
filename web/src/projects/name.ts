/** What a new project can be called, and whether there is room for its images. */

/** A name that is free: the one proposed, or that with a number. */
export function freeName(proposed: string, taken: readonly string[]): string {
  if (!taken.includes(proposed)) return proposed;
  let number = 2;
  while (taken.includes(`${proposed}-${number}`)) number++;
  return `${proposed}-${number}`;
}

/** How many more image repositories are wanted than there is room for. */
export const lacking = (wanted: number, have: number, limit: number): number =>
  Math.max(0, wanted - Math.max(0, limit - have));
