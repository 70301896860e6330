/**
 * Server-sent events over fetch: unlike EventSource it sends our language, sees statuses, and can be tested. Where a proxy
 * holds streams back, requests take their place.
 */
import { held, suspect } from "./held";
import { ApiError, ask } from "./http";
import { pause } from "./pause";
import { PollSocket } from "./polling";

export interface SseEvent {
  event: string;
  data: string;
  id: string;
}

/** Takes the stream's text in pieces of any size and yields whole events. */
export class SseParser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private id = "";

  push(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = this.line(line);
      if (event) events.push(event);
    }
    return events;
  }

  private line(line: string): SseEvent | null {
    if (line === "") {
      const event = { event: this.event || "message", data: this.data.join("\n"), id: this.id };
      const any = this.data.length > 0;
      this.event = "";
      this.data = [];
      return any ? event : null;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id") this.id = value;
    return null;
  }
}

export interface Subscription {
  close(): void;
}

export interface SseOptions {
  onEvent(event: SseEvent): void;
  /** Called at every (re)connection: what was read before may be old by now. */
  onOpen?(): void;
  /**
   * The server has ended the stream or refused it: true to connect again. Refusals (4xx) end it by default; not asked
   * where the session has ended, since the next login begins another.
   */
  again?(error: unknown): boolean;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** A stream of which nothing has come for so long may be one that is held back. */
const SILENT_MS = 3000;

/** Keeps the stream open, reconnecting with growing pauses, until closed. */
export function subscribe(path: string, options: SseOptions): Subscription {
  const abort = new AbortController();
  const again =
    options.again ?? ((error) => !(error instanceof ApiError && error.status >= 400 && error.status < 500));
  let wait = FIRST_WAIT_MS;
  let lastId = "";

  const parser = () => {
    const [events, decoder] = [new SseParser(), new TextDecoder()];
    return (bytes: ArrayBuffer | Uint8Array) => {
      for (const event of events.push(decoder.decode(bytes, { stream: true }))) {
        if (event.id) lastId = event.id;
        options.onEvent(event);
      }
    };
  };
  const opened = () => {
    options.onOpen?.();
    wait = FIRST_WAIT_MS;
  };

  async function byStream(): Promise<void> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (lastId) headers["Last-Event-ID"] = lastId;
    const attempt = new AbortController();
    abort.signal.addEventListener("abort", () => attempt.abort(), { signal: attempt.signal });
    const silence = setTimeout(() => {
      void suspect().then(() => held.peek() && attempt.abort());
    }, SILENT_MS);
    try {
      const response = await ask(path, { headers, signal: attempt.signal });
      const reader = response.body?.getReader();
      if (!reader) return;
      opened();
      const take = parser();
      for (;;) {
        const { done, value } = await reader.read();
        clearTimeout(silence);
        if (done) return;
        take(value);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  function byRequests(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = new PollSocket({ path, events: true, ...(lastId && { last_event_id: lastId }) });
      const leave = () => {
        socket.close();
        resolve();
      };
      abort.signal.addEventListener("abort", leave, { once: true });
      const take = parser();
      socket.onopen = opened;
      socket.onmessage = ({ data }) => take(data as ArrayBuffer);
      socket.onclose = () => {
        abort.signal.removeEventListener("abort", leave);
        if (socket.refused === undefined) resolve();
        else reject(socket.refused);
      };
    });
  }

  async function run(): Promise<void> {
    while (!abort.signal.aborted) {
      let error: unknown;
      const way = held.peek() ? byRequests : byStream;
      try {
        await way();
      } catch (caught) {
        error = caught;
      }
      // It was given up for the other way, which begins at once.
      if (way === byStream && held.peek() && !abort.signal.aborted && !(error instanceof ApiError)) continue;
      const signedOut = error instanceof ApiError && error.status === 401;
      if (abort.signal.aborted || !(signedOut || again(error))) return;
      await pause(wait, abort.signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  void run();
  return { close: () => abort.abort() };
}
