/**
 * What was typed and not yet saved, kept in this browser: after a crash, a closed tab or an expired session
 * it is brought back. localStorage, because it alone is written before a closing page is gone.
 */
export interface JournalEntry {
  text: string;
  /** Of the content the text was typed on; null where the file did not exist. */
  etag: string | null;
  /** Unix milliseconds. */
  time: number;
}

export class Journal {
  private readonly prefix: string;

  constructor(
    owner: string,
    private readonly storage: Storage = localStorage,
  ) {
    this.prefix = `maru.journal.${owner}.`;
  }

  /** False where the browser has no room left for it. */
  keep(path: string, entry: JournalEntry): boolean {
    try {
      this.storage.setItem(this.prefix + path, JSON.stringify(entry));
      return true;
    } catch {
      return false;
    }
  }

  read(path: string): JournalEntry | null {
    const kept = this.storage.getItem(this.prefix + path);
    if (kept === null) return null;
    try {
      const entry = JSON.parse(kept) as JournalEntry;
      return typeof entry.text === "string" ? entry : null;
    } catch {
      return null;
    }
  }

  forget(path: string): void {
    this.storage.removeItem(this.prefix + path);
  }

  paths(): string[] {
    const found: string[] = [];
    for (let index = 0; index < this.storage.length; index++) {
      const key = this.storage.key(index);
      if (key?.startsWith(this.prefix)) found.push(key.slice(this.prefix.length));
    }
    return found;
  }
}
