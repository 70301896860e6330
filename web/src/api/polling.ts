/**
 * In the place of WebSockets and event streams where none passes: requests that say something, and one that waits for something to hear. A
 * browser has six connections to a server and no more, so all sockets of the page share a box, and with it those requests.
 */
import { ask, askJson, randomId } from "./http";
import type { Socket } from "./socket";

type Content = string | Uint8Array<ArrayBuffer>;
/** With the number of its socket. */
export type Message =
  | { socket: number; kind: "message"; data: string | ArrayBuffer }
  | { socket: number; kind: "end" };

const [TEXT, BYTES, END] = ["t", "b", "c"].map((letter) => letter.charCodeAt(0)) as [number, number, number];
const HEAD = 9;
/** Of one request, about. */
const REQUEST_BYTES = 256 * 1024;

/** Messages one after another: a letter, the socket's number and the length in 4 bytes each, the content. */
export function pack(messages: readonly (readonly [number, Content])[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts = messages.map(([socket, content]) => {
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    return { socket, kind: typeof content === "string" ? TEXT : BYTES, bytes };
  });
  const packed = new Uint8Array(parts.reduce((sum, { bytes }) => sum + HEAD + bytes.length, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { socket, kind, bytes } of parts) {
    packed[at] = kind;
    view.setUint32(at + 1, socket);
    view.setUint32(at + 5, bytes.length);
    packed.set(bytes, at + HEAD);
    at += HEAD + bytes.length;
  }
  return packed;
}

/** Throws where something is cut off, or nothing of ours: a proxy's own page, say. */
export function unpack(buffer: ArrayBuffer): Message[] {
  const messages: Message[] = [];
  const view = new DataView(buffer);
  for (let at = 0; at < buffer.byteLength; ) {
    const [kind, socket, length] = [view.getUint8(at), view.getUint32(at + 1), view.getUint32(at + 5)];
    if (at + HEAD + length > buffer.byteLength) throw new RangeError("cut off");
    const content = buffer.slice(at + HEAD, at + HEAD + length);
    if (kind === TEXT) messages.push({ socket, kind: "message", data: new TextDecoder().decode(content) });
    else if (kind === BYTES) messages.push({ socket, kind: "message", data: content });
    else if (kind === END) messages.push({ socket, kind: "end" });
    else throw new RangeError("no message");
    at += HEAD + length;
  }
  return messages;
}

/** What is asked for: `path` of a WebSocket or an event stream, with its query. */
interface Wanted {
  path: string;
  protocol?: string;
  events?: true;
  last_event_id?: string;
}

/** What the page's sockets share. A request that fails ends them all: nobody knows what was on its way. */
class PollBox {
  readonly at = `/polls/${randomId()}`;
  private readonly over = new AbortController();
  private readonly sockets = new Map<number, PollSocket>();
  private opening = 0;
  /** For sockets whose number is on its way to us yet. */
  private early: Message[] = [];
  private unsaid: [number, Content][] = [];
  private saying = false;
  private hearing = false;

  async open(socket: PollSocket, json: Wanted): Promise<number> {
    const { signal } = this.over;
    this.opening++;
    try {
      const answer = await askJson<{ socket: number }>(`${this.at}/sockets`, {
        method: "POST",
        json,
        signal,
      });
      this.sockets.set(answer.socket, socket);
      return answer.socket;
    } finally {
      this.opening--;
      this.endIfEmpty();
    }
  }

  /** What came before its number did; from then on, what comes. */
  start(socket: number): void {
    for (const message of this.early) if (message.socket === socket) this.take(message);
    if (this.opening === 0) this.early = [];
    if (!this.hearing) void this.hear().catch(() => this.end());
  }

  private async hear(): Promise<void> {
    this.hearing = true;
    const { signal } = this.over;
    while (!signal.aborted) {
      const answer = await ask(this.at, { signal, cache: "no-store" });
      for (const message of unpack(await answer.arrayBuffer())) {
        if (this.sockets.has(message.socket)) this.take(message);
        else if (this.opening > 0) this.early.push(message);
      }
    }
  }

  private take(message: Message): void {
    const socket = this.sockets.get(message.socket);
    if (message.kind === "message") socket?.heard(message.data);
    else this.gone(message.socket)?.ended();
  }

  send(socket: number, data: Content): void {
    this.unsaid.push([socket, data]);
    if (!this.saying) void this.say().catch(() => this.end());
  }

  /** One request at a time keeps the order; what comes meanwhile goes together with the next. */
  private async say(): Promise<void> {
    this.saying = true;
    try {
      // What is typed in one go is one request.
      await Promise.resolve();
      while (this.unsaid.length > 0 && !this.over.signal.aborted) {
        let [count, bytes] = [0, 0];
        while (count < this.unsaid.length && bytes < REQUEST_BYTES)
          bytes += this.unsaid[count++]?.[1].length ?? 0;
        const body = pack(this.unsaid.splice(0, count));
        await ask(this.at, { method: "POST", body, signal: this.over.signal });
      }
    } finally {
      this.saying = false;
    }
  }

  /** The server would notice by itself, but later. */
  leave(socket: number): void {
    if (!this.gone(socket)) return;
    ask(`${this.at}/sockets/${socket}`, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }

  private gone(socket: number): PollSocket | undefined {
    const found = this.sockets.get(socket);
    this.sockets.delete(socket);
    this.endIfEmpty();
    return found;
  }

  private endIfEmpty(): void {
    if (this.sockets.size === 0 && this.opening === 0) this.end();
  }

  private end(): void {
    if (box === this) box = null;
    this.over.abort();
    const left = [...this.sockets.values()];
    this.sockets.clear();
    for (const socket of left) socket.ended();
  }
}

let box: PollBox | null = null;

export class PollSocket implements Socket {
  binaryType: BinaryType = "arraybuffer";
  readyState: number = WebSocket.CONNECTING;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  private readonly box: PollBox;
  private number: number | null = null;
  /** Why it could not be opened. */
  refused: unknown;

  constructor(wanted: Wanted) {
    box ??= new PollBox();
    this.box = box;
    void this.open(wanted).catch((error: unknown) => {
      this.refused = error;
      this.ended();
    });
  }

  private async open(wanted: Wanted): Promise<void> {
    const number = await this.box.open(this, wanted);
    this.number = number;
    if (this.isOver()) return this.box.leave(number);
    this.readyState = WebSocket.OPEN;
    this.onopen?.(new Event("open"));
    this.box.start(number);
  }

  heard(data: string | ArrayBuffer): void {
    if (!this.isOver()) this.onmessage?.(new MessageEvent("message", { data }));
  }

  ended(): void {
    if (this.isOver()) return;
    this.readyState = WebSocket.CLOSED;
    this.onclose?.(new CloseEvent("close"));
  }

  send(data: Content): void {
    if (this.readyState === WebSocket.OPEN && this.number !== null) this.box.send(this.number, data);
  }

  close(): void {
    if (this.isOver()) return;
    this.readyState = WebSocket.CLOSED;
    if (this.number !== null) this.box.leave(this.number);
  }

  private isOver(): boolean {
    return this.readyState >= WebSocket.CLOSING;
  }
}
