/** Plain values that a browser remembers by itself, at once and without a network, and a user in all of their browsers. */
import { effect, type Signal, signal } from "@preact/signals";
import { different, type Part } from "./part";

export interface Remembered<T> {
  value: Signal<T>;
  part: Part;
  /** Whatever it becomes from now on is stored in this browser. */
  keep(): void;
}

/** `read` takes of whatever was stored, by an older page or by hand, only what fits. */
export function remembered<T extends object>(
  name: string,
  defaults: T,
  read: (values: object) => T,
): Remembered<T> {
  const key = `maru.${name}`;
  const value = signal<T>(read(stored(key)));
  return {
    value,
    part: {
      name,
      read: () => different(value.value, defaults),
      take: (values) => {
        value.value = read(values);
      },
    },
    keep: () => {
      effect(() => {
        localStorage.setItem(key, JSON.stringify(value.value));
      });
    },
  };
}

function stored(key: string): object {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    return found !== null && typeof found === "object" ? found : {};
  } catch {
    return {};
  }
}
