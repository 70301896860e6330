/** Settings that several browsers change: whatever one changed since they last agreed is kept, name by name. */

/** By name; what is not there is as it is by default. */
export type Document = Readonly<Record<string, unknown>>;

/** The same text for the same value, in whatever order its fields are. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(",")}}`;
}

export const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

/**
 * `base` is what both had when they last agreed. What this browser changed since then stays so; all else is as the server
 * has it, also what only a newer page knows.
 */
export function merge(base: Document, local: Document, remote: Document, known: (name: string) => boolean) {
  const merged: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(local), ...Object.keys(remote)])) {
    const changed = known(name) && !same(local[name], base[name]);
    const value = changed ? local[name] : remote[name];
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}
