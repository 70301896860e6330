/**
 * One viewer of one terminal, over `maru.terminal.v1`. Output bytes are numbered from 0 for the terminal's
 * whole life; we remember the number of the next byte, and after a broken connection ask to go on from it,
 * so that none is lost and none is shown twice.
 *
 *   connecting ──attached──▶ live ──socket closed──▶ waiting ──timer──▶ connecting
 *        ▲                    ├──exit──▶ ended          └──no longer there──▶ gone
 *        └──nudge── resting ◀─┘ nobody looks
 */

import type { Socket } from "../api/socket";

export type StreamState =
  | { name: "connecting" }
  | { name: "live" }
  | { name: "waiting" }
  | { name: "resting" }
  | { name: "ended"; code: number }
  | { name: "gone" };

export interface Size {
  cols: number;
  rows: number;
}

/** What goes on in the terminal, as far as the agent knows. */
export interface Status {
  /** The command line in the foreground; null while the shell waits for one. */
  command: string | null;
  cwd: string | null;
  /** Of the last command that has ended. */
  last_exit_code: number | null;
  /** As the program named its window. */
  title: string | null;
}

export interface StreamOptions {
  /** Opens a socket; `since` is the number of the first byte still wanted, null at the first time. */
  connect(since: number | null): Socket;
  /** Shows bytes and calls `shown` once they have been taken in. */
  write(bytes: Uint8Array, shown: () => void): void;
  onState(state: StreamState): void;
  /** The terminal has this size: ours, once the server has taken it, or another viewer's. */
  onSize(size: Size): void;
  onStatus(status: Status): void;
  /** Asked after failures: false where the terminal is no longer there. May throw: then nobody knows. */
  exists(): Promise<boolean>;
}

export const SUBPROTOCOL = "maru.terminal.v1";
const OPEN = 1;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5000;
/** Acknowledge at least this often; the server pauses a viewer that is 256 KiB behind. */
const ACK_BYTES = 32 * 1024;
const ACK_MS = 100;
/** Keys typed while the connection is away are sent when it is back, up to this many bytes. */
const QUEUE_BYTES = 4096;
/** A large paste goes in pieces: the server takes at most a megabyte at once. */
const PIECE_BYTES = 64 * 1024;

type Control =
  | { type: "attached"; seq: number; cols: number; rows: number }
  | { type: "replay"; bytes: number; cols: number; rows: number }
  | { type: "size"; cols: number; rows: number }
  | ({ type: "status" } & Status)
  | { type: "exit"; code: number };

export class TerminalStream {
  private socket: Socket | null = null;
  private state: StreamState = { name: "connecting" };
  /** Number of the next byte to come; null before the first `attached`. */
  private next: number | null = null;
  /** All before this has been shown. */
  private shown = 0;
  private acked = 0;
  private ackTimer: ReturnType<typeof setTimeout> | undefined;
  /** Bytes of a replay still to come; they have no numbers. */
  private replaying = 0;
  /** Counts the replays: what was written before one must not be acknowledged after it. */
  private epoch = 0;
  /** Bytes to leave out, where the server starts earlier than we asked. */
  private skip = 0;
  private wait = FIRST_WAIT_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private queue: Uint8Array<ArrayBuffer>[] = [];
  private size: Size | null = null;
  private closed = false;

  constructor(private readonly options: StreamOptions) {}

  start(): void {
    this.open();
  }

  /** Keys, pastes and the terminal's own answers. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.state.name === "live" && this.socket?.readyState === OPEN) {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        this.socket.send(bytes.subarray(at, at + PIECE_BYTES));
      }
      return;
    }
    if (this.isOver()) return;
    const held = this.queue.reduce((sum, piece) => sum + piece.length, 0);
    if (held + bytes.length <= QUEUE_BYTES) this.queue.push(bytes);
  }

  /** Asks for a size; {@link StreamOptions.onSize} tells what came of it. */
  resize(size: Size): void {
    if (this.size?.cols === size.cols && this.size.rows === size.rows) return;
    this.size = size;
    if (this.state.name === "live") this.control({ type: "resize", ...size });
  }

  /** Don't wait any longer: the network is back, or somebody looks. */
  nudge(): void {
    if (this.state.name !== "waiting" && this.state.name !== "resting") return;
    clearTimeout(this.retry);
    this.wait = FIRST_WAIT_MS;
    this.open();
  }

  /**
   * Nobody looks: let go of the terminal. A page in the background draws slowly, and would slow the program; left
   * alone, that runs on at its own pace, and the next `nudge` goes on where this stopped.
   */
  rest(): void {
    if (this.isOver() || this.state.name === "resting") return;
    clearTimeout(this.retry);
    this.drop();
    this.become({ name: "resting" });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    clearTimeout(this.ackTimer);
    this.drop();
  }

  private isOver(): boolean {
    return this.closed || this.state.name === "ended" || this.state.name === "gone";
  }

  private become(state: StreamState): void {
    this.state = state;
    this.options.onState(state);
  }

  private open(): void {
    this.become({ name: "connecting" });
    this.replaying = 0;
    this.skip = 0;
    const socket = this.options.connect(this.next);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      if (typeof event.data === "string") this.take(JSON.parse(event.data) as Control);
      else this.output(new Uint8Array(event.data as ArrayBuffer));
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      void this.lost();
    };
    this.socket = socket;
  }

  private drop(): void {
    clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }

  private async lost(): Promise<void> {
    if (this.isOver()) return;
    const wasLive = this.state.name === "live";
    this.become({ name: "waiting" });
    if (!wasLive) {
      // A refused handshake tells a page nothing, so the terminal is asked after over HTTP.
      const there = await this.options.exists().catch(() => true);
      if (this.state.name !== "waiting" || this.closed) return;
      if (!there) {
        this.become({ name: "gone" });
        return;
      }
    }
    this.retry = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  private take(message: Control): void {
    switch (message.type) {
      case "replay":
        this.epoch++;
        this.next = null;
        this.replaying = message.bytes;
        this.options.onSize({ cols: message.cols, rows: message.rows });
        break;
      case "attached":
        this.attached(message.seq, message);
        break;
      case "size":
        this.options.onSize({ cols: message.cols, rows: message.rows });
        break;
      case "status":
        this.options.onStatus(message);
        break;
      case "exit":
        this.become({ name: "ended", code: message.code });
        this.drop();
        break;
    }
  }

  private attached(seq: number, size: Size): void {
    this.wait = FIRST_WAIT_MS;
    this.replaying = 0;
    if (this.next !== null && seq < this.next) {
      this.skip = this.next - seq;
    } else {
      this.skip = 0;
      if (this.next !== seq) this.shown = seq;
      this.next = seq;
    }
    this.acked = Math.min(this.acked, this.shown);
    this.become({ name: "live" });
    this.options.onSize({ cols: size.cols, rows: size.rows });
    if (this.size) this.control({ type: "resize", ...this.size });
    this.ack();
    for (const piece of this.queue.splice(0)) this.socket?.send(piece);
  }

  private output(bytes: Uint8Array): void {
    if (this.replaying > 0) {
      const drawn = bytes.subarray(0, this.replaying);
      this.replaying -= drawn.length;
      this.options.write(drawn, () => undefined);
      bytes = bytes.subarray(drawn.length);
    }
    const left = Math.min(this.skip, bytes.length);
    this.skip -= left;
    bytes = bytes.subarray(left);
    if (bytes.length === 0 || this.next === null) return;
    this.next += bytes.length;
    const upTo = this.next;
    const { epoch } = this;
    this.options.write(bytes, () => {
      if (epoch !== this.epoch) return;
      this.shown = Math.max(this.shown, upTo);
      if (this.shown - this.acked >= ACK_BYTES) this.ack();
      else this.ackTimer ??= setTimeout(() => this.ack(), ACK_MS);
    });
  }

  private ack(): void {
    clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    if (this.state.name !== "live" || this.shown === this.acked) return;
    this.acked = this.shown;
    this.control({ type: "ack", seq: this.shown });
  }

  private control(message: object): void {
    if (this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(message));
  }
}
