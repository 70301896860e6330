/** Whether event streams come as they are written, or a proxy on the way holds them back; another network is another try. */
import { signal } from "@preact/signals";
import { API, ask } from "./http";

/** Requests take the place of event streams. */
export const held = signal(false);

let looked: Promise<void> | null = null;

addEventListener("online", () => {
  looked = null;
  held.value = false;
});

const PATIENCE_MS = 8000;
/** The server takes 1.2 s for its five events: less than this between the first and the end is a proxy that collects. */
const SPREAD_MS = 400;

/** For a stream that is silent: looks, once for all streams, whether any comes as it is written. */
export function suspect(): Promise<void> {
  if (looked) return looked;
  const mine: Promise<void> = passesOrAgain().then(
    (yes) => {
      // Of the network before, it says nothing of this one.
      if (looked === mine) held.value = !yes;
    },
    // Nobody answers at all: that is another trouble, and this is looked at again.
    () => {
      if (looked === mine) looked = null;
    },
  );
  looked = mine;
  return mine;
}

/** A browser that is busy may take all events at once, too: what looks held back is looked at once more. */
const passesOrAgain = async (): Promise<boolean> => (await passes()) || (await passes());

/** Throws where not even HTTP answers. */
async function passes(): Promise<boolean> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  let first: number | null = null;
  try {
    const answer = await fetch(`${API}/network/events`, { cache: "no-store", signal: patience.signal });
    const reader = answer.body?.getReader();
    while (reader && !(await reader.read()).done) first ??= performance.now();
  } catch {
    // Cut off: what came in time counts.
  } finally {
    clearTimeout(timer);
  }
  if (first !== null && performance.now() - first >= SPREAD_MS) return true;
  await ask("/network/method", { cache: "no-store" });
  return false;
}
