/** The present, once a second, for the times of running steps; stands still while nobody reads it. */
import { signal } from "@preact/signals";

export const now = signal(Date.now(), {
  watched() {
    timer = setInterval(() => {
      now.value = Date.now();
    }, 1000);
  },
  unwatched() {
    clearInterval(timer);
  },
});

let timer: ReturnType<typeof setInterval> | undefined;
