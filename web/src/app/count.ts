/** A number beside a name. The name that a reader hears has to hold the same, word for word. */
export const countWords = (count: number): string => (count > 99 ? "99+" : `${count}`);
