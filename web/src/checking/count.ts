import { signal } from "@preact/signals";

/** How much is wrong in a text, by its path. */
export const problems = signal<ReadonlyMap<string, { errors: number; warnings: number }>>(new Map());
