/**
 * WebSockets of the API, and requests in their place where none passes, as behind proxies that do not know them. Another
 * network is another try.
 */
import { signal } from "@preact/signals";
import { API, ask } from "./http";
import { PollSocket } from "./polling";

/** What is needed of a WebSocket; the tests have their own. */
export interface Socket {
  binaryType: BinaryType;
  readonly readyState: number;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onclose: ((event: CloseEvent) => unknown) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

/** Whether requests take the place of WebSockets. */
export const blocked = signal(false);

addEventListener("online", () => {
  failures = 0;
  blocked.value = false;
});

const ENOUGH = 2;
/** A WebSocket that opens and then says nothing is one that a proxy holds back. */
const PATIENCE_MS = 8000;
let failures = 0;

/** What is there could not be reached by a WebSocket, while HTTP answered. */
export function noteFailure(): void {
  if (navigator.onLine && ++failures >= ENOUGH) blocked.value = true;
}

function webSocket(path: string, protocol?: string): WebSocket {
  const url = new URL(`${API}${path}`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url, protocol);
}

/**
 * To something that speaks first, as a terminal does. Whoever asks for it tries again by itself, and tells by
 * {@link noteFailure} what came of it.
 */
export function connect(path: string, protocol: string): Socket {
  if (blocked.peek()) return new PollSocket({ path, protocol });
  const socket = webSocket(path, protocol);
  const patience = setTimeout(() => socket.close(), PATIENCE_MS);
  socket.addEventListener("close", () => clearTimeout(patience));
  socket.addEventListener(
    "message",
    () => {
      clearTimeout(patience);
      failures = 0;
    },
    { once: true },
  );
  return socket;
}

/** Resolves with whether a WebSocket of the API says what it is told; throws where not even HTTP answers. */
async function passes(): Promise<boolean> {
  const echo = webSocket("/network/stream");
  const heard = await new Promise<boolean>((resolve) => {
    const patience = setTimeout(() => resolve(false), PATIENCE_MS);
    echo.onopen = () => echo.send("?");
    echo.onmessage = () => resolve(true);
    echo.onclose = () => resolve(false);
    echo.addEventListener("close", () => clearTimeout(patience));
  });
  echo.close();
  if (!heard) await ask("/network/method", { cache: "no-store" });
  return heard;
}

/**
 * To something that answers only when it is spoken to. Where its WebSocket ends without a word it looks whether any
 * passes, and goes on by requests where none does: what was said is said again.
 */
export class EitherSocket implements Socket {
  binaryType: BinaryType = "arraybuffer";
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  private socket: Socket;
  /** Until the first answer. */
  private said: (string | Uint8Array<ArrayBuffer>)[] | null = [];
  private opened = false;
  private over = false;

  constructor(
    private readonly path: string,
    private readonly protocol?: string,
  ) {
    this.socket = blocked.peek() ? this.byRequests() : this.follow(webSocket(path, protocol), true);
  }

  get readyState(): number {
    if (this.over) return WebSocket.CLOSED;
    return this.opened ? WebSocket.OPEN : WebSocket.CONNECTING;
  }

  private byRequests(): Socket {
    const wanted = { path: this.path, ...(this.protocol !== undefined && { protocol: this.protocol }) };
    return this.follow(new PollSocket(wanted), false);
  }

  private follow(socket: Socket, mayBeBlocked: boolean): Socket {
    socket.binaryType = this.binaryType;
    socket.onopen = (event) => {
      if (this.opened) for (const data of this.said ?? []) socket.send(data);
      else {
        this.opened = true;
        this.onopen?.(event);
      }
    };
    socket.onmessage = (event) => {
      this.said = null;
      this.onmessage?.(event);
    };
    socket.onclose = (event) => {
      if (this.over) return;
      if (mayBeBlocked && this.said !== null) void this.lookAround(event);
      else this.end(event);
    };
    return socket;
  }

  private async lookAround(event: CloseEvent): Promise<void> {
    const known = blocked.peek() ? false : await passes().catch(() => null);
    if (this.over) return;
    if (known !== false) return this.end(event);
    blocked.value = true;
    this.socket = this.byRequests();
  }

  private end(event: CloseEvent): void {
    this.over = true;
    this.onclose?.(event);
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.said?.push(data);
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  close(): void {
    this.over = true;
    this.socket.close();
  }
}
