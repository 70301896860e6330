/** Something that is remembered for a user in all of their browsers. */
export interface Part {
  /** What its names in the document begin with. */
  name: string;
  /** What differs from the defaults; signals that are read here are followed. */
  read(): Readonly<Record<string, unknown>>;
  /** Makes it so; what is missing is as by default, and what does not fit is left alone. */
  take(values: Readonly<Record<string, unknown>>): void;
  /** Only when the page starts: later it would move what somebody is looking at. */
  atStart?: boolean;
}

/** Those of the values that differ from the defaults. */
export function different<T extends object>(values: T, defaults: T): Partial<T> {
  const found = Object.entries(values).filter(([name, value]) => value !== defaults[name as keyof T]);
  return Object.fromEntries(found) as Partial<T>;
}
