/**
 * Settings, layout and open files of a user, the same in all of their browsers. Each browser has its own copy, which is in
 * force at once and without a network; the server has the one that they agree on. They are compared when the page starts,
 * when it is looked at again, and a moment after a change.
 */
import { effect, signal } from "@preact/signals";
import { type Preferences, readPreferences, writePreferences } from "../api/preferences";
import { type Document, merge, same } from "./merge";
import type { Part } from "./part";

/** False while something of this browser's has not reached the server. */
export const agreed = signal(true);

const OWNER_KEY = "maru.owner";
const baseKey = (login: string): string => `maru.agreed.${login}`;
/** A change is told after so long without another. */
const DELAY_MS = 1500;
/** The page does not wait longer than this for the server's copy before it opens files. */
const PATIENCE_MS = 2000;
/** After a failure; a network that is back, and a look at the page, are sooner. */
const AGAIN_MS = 20_000;
const TRIES = 4;

export class Sync {
  /** What this browser had when it last agreed with the server. */
  private base: Document = {};
  private remote: Preferences | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends what follows changes, and what is asked. */
  private readonly closed = new AbortController();
  private going: Promise<void> | null = null;
  private started = false;

  constructor(
    private readonly login: string,
    private readonly parts: readonly Part[],
    private readonly storage: Storage = localStorage,
  ) {
    const owner = storage.getItem(OWNER_KEY);
    if (owner === login) {
      this.base = this.storedBase();
    } else if (owner !== null) {
      // Somebody else's: this user has nothing of it.
      for (const part of parts) part.take({});
      this.base = this.local();
    }
    // In a browser that was nobody's so far, what was chosen before the login is this user's choice.
    storage.setItem(OWNER_KEY, login);
  }

  private storedBase(): Document {
    try {
      return JSON.parse(this.storage.getItem(baseKey(this.login)) ?? "{}") as Document;
    } catch {
      return {};
    }
  }

  /** Takes the server's copy, which was asked for already, and follows changes until it is closed. */
  async start(first: Promise<Preferences | null>): Promise<void> {
    const arrived = first.then((found) => this.arrive(found)).catch(() => undefined);
    await inTime(arrived, PATIENCE_MS);
    const { signal } = this.closed;
    if (signal.aborted) return;
    this.started = true;
    const stop = effect(() => {
      if (!same(this.local(), this.base)) this.soon();
    });
    signal.addEventListener("abort", stop);
    addEventListener("pagehide", () => this.leave(), { signal });
    addEventListener("online", () => void this.exchange(), { signal });
    const look = () => {
      if (document.visibilityState === "hidden") this.leave();
      else void this.exchange();
    };
    document.addEventListener("visibilitychange", look, { signal });
  }

  /** Nothing is told or asked any more. */
  close(): void {
    this.closed.abort();
    clearTimeout(this.timer);
  }

  private local(): Document {
    const all: Record<string, unknown> = {};
    for (const part of this.parts)
      for (const [name, value] of Object.entries(part.read())) all[`${part.name}.${name}`] = value;
    return all;
  }

  private partOf(name: string): Part | undefined {
    return this.parts.find((part) => name.startsWith(`${part.name}.`));
  }

  private merged(remote: Document, here: Document): Document {
    return merge(this.base, here, remote, (name) => this.partOf(name) !== undefined);
  }

  private arrive(found: Preferences | null): void {
    if (found) this.remote = found;
    if (!this.remote) return;
    const wanted = this.merged(this.remote.document, this.local());
    for (const part of this.parts) {
      if (part.atStart && this.started) continue;
      const prefix = `${part.name}.`;
      const values = Object.fromEntries(
        Object.entries(wanted)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, value]) => [name.slice(prefix.length), value]),
      );
      if (!same(values, part.read())) part.take(values);
    }
    if (same(wanted, this.remote.document)) this.agree(wanted, this.local());
    else this.soon();
  }

  /**
   * What is not taken while the page is open counts as changed only once it is changed here, since it was as `here`: that is
   * what the document was made of, and a part may have changed while it was written.
   */
  private agree(document: Document, here: Document): void {
    const names = new Set([...Object.keys(document), ...Object.keys(here)]);
    const base: Record<string, unknown> = {};
    for (const name of names) {
      const part = this.partOf(name);
      const value = part?.atStart && this.started ? here[name] : document[name];
      if (part && value !== undefined) base[name] = value;
    }
    this.base = base;
    this.storage.setItem(baseKey(this.login), JSON.stringify(base));
    agreed.value = same(this.local(), this.base);
  }

  private soon(): void {
    agreed.value = false;
    this.later(DELAY_MS);
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    if (!this.closed.signal.aborted) this.timer = setTimeout(() => void this.exchange(), ms);
  }

  /** One at a time. */
  exchange(leaving = false): Promise<void> {
    clearTimeout(this.timer);
    this.going ??= this.tell(leaving)
      .catch(() => this.later(AGAIN_MS))
      .finally(() => {
        this.going = null;
      });
    return this.going;
  }

  private async tell(leaving: boolean): Promise<void> {
    // A page that goes has time for one request only.
    if (!leaving || !this.remote) this.arrive(await readPreferences(this.remote?.etag));
    for (let tries = 0; tries < TRIES && this.remote; tries++) {
      const here = this.local();
      const wanted = this.merged(this.remote.document, here);
      if (same(wanted, this.remote.document)) break;
      const etag = await writePreferences(wanted, this.remote.etag, leaving);
      if (etag !== null) {
        this.remote = { etag, document: { ...wanted } };
        this.agree(wanted, here);
        break;
      }
      this.arrive(await readPreferences(this.remote.etag));
    }
    if (same(this.local(), this.base)) agreed.value = true;
    else this.soon();
  }

  private leave(): void {
    if (!same(this.local(), this.base)) void this.exchange(true);
  }
}

/** Whichever is first: that it is done, or that so long has passed. */
async function inTime(done: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([done, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
