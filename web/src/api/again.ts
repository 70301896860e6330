import { pause } from "./pause";

/** Pauses before what failed is tried once more, in milliseconds. */
const PAUSES = [200, 800];

/**
 * For what only reads: tries again what got lost on the way. A browser gives up all that is under way when one of the
 * machine's networks comes or goes (`ERR_NETWORK_CHANGED`), as each workspace's does on the machine that Maru runs on.
 *
 * Rejects with the last failure; at once while the browser knows that it is offline, or when `signal` has fired.
 */
export async function again<T>(work: () => Promise<T>, signal?: AbortSignal | null): Promise<T> {
  for (const wait of PAUSES) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || !navigator.onLine) throw error;
      await pause(wait, signal);
    }
  }
  return work();
}
