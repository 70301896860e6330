/** A viewer of a terminal, over the contract's WebSocket: keeps every numbered byte it was given. */
import WebSocket from "ws";
import type { Client } from "./client.ts";
import { eventually } from "./eventually.ts";

export async function createTerminal(client: Client, command?: string): Promise<string> {
  const json = { cols: 120, rows: 30, ...(command === undefined ? {} : { command }) };
  return (await client.json<{ id: string }>("POST", "/api/v1/workspace/terminals", { json })).id;
}

export interface Watch {
  /** Only looks on. */
  observe?: boolean;
  /** Never says that it has taken anything. */
  stuck?: boolean;
}

export interface Status {
  command: string | null;
  cwd: string | null;
  last_exit_code: number | null;
}

export class Viewer {
  /** Number of the first byte in `bytes`; of the next one to come. */
  first: number | null = null;
  next = 0;
  exitCode: number | null = null;
  closed = false;
  /** What the terminal is busy with, as last told. */
  status: Status = { command: null, cwd: null, last_exit_code: null };
  replays = 0;
  /** The status, where the server did not let this viewer in. */
  refused: number | null = null;
  /** Called with each piece of output as it comes. */
  onOutput: (data: Buffer) => void = () => {};
  private pieces: Buffer[] = [];
  private replaying = 0;
  private readonly socket: WebSocket;

  constructor(
    client: Client,
    id: string,
    since?: number,
    private readonly watch: Watch = {},
  ) {
    const query = new URLSearchParams();
    if (since !== undefined) query.set("since", `${since}`);
    if (watch.observe) query.set("observe", "1");
    const path = `/api/v1/workspace/terminals/${id}/stream?${query}`;
    this.socket = new WebSocket(client.url.replace(/^http/, "ws") + path, "maru.terminal.v1", {
      headers: { Authorization: `Bearer ${client.account.token}` },
    });
    this.socket.on("message", (data: Buffer, binary: boolean) =>
      binary ? this.output(data) : this.event(JSON.parse(data.toString("utf8"))),
    );
    this.socket.on("unexpected-response", (_request, answer) => {
      this.refused = answer.statusCode ?? 0;
      this.closed = true;
      answer.destroy();
    });
    this.socket.on("close", () => {
      this.closed = true;
    });
    // A server that is killed resets the connection; "close" follows.
    this.socket.on("error", () => {});
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get text(): string {
    return this.bytes.toString("utf8");
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text, "utf8"));
  }

  close(): void {
    this.socket.close();
  }

  /** Waits for something in the output, and answers what matched. */
  async expect(pattern: RegExp, seconds = 30): Promise<RegExpMatchArray> {
    try {
      return await eventually(
        `${pattern} in the terminal`,
        seconds,
        () => this.text.match(pattern) ?? undefined,
      );
    } catch (error) {
      throw new Error(`${error}; its last output: ${JSON.stringify(this.text.slice(-600))}`, {
        cause: error,
      });
    }
  }

  private event(event: { type: string; seq?: number; bytes?: number; code?: number }): void {
    if (event.type === "replay") {
      this.replaying = event.bytes ?? 0;
      this.replays++;
    }
    if (event.type === "status") this.status = event as unknown as Status;
    if (event.type === "exit") this.exitCode = event.code ?? null;
    if (event.type === "attached" && event.seq !== undefined) {
      this.first ??= event.seq;
      this.next = event.seq;
    }
  }

  private output(data: Buffer): void {
    if (this.replaying > 0) {
      this.replaying -= data.length;
      return;
    }
    this.pieces.push(data);
    this.onOutput(data);
    this.next += data.length;
    if (!this.watch.stuck) this.socket.send(JSON.stringify({ type: "ack", seq: this.next }));
  }
}

/** Opens a shell in the workspace and runs one line in it; the output up to the mark that the line ends with. */
export async function run(client: Client, line: string, seconds = 60): Promise<string> {
  const id = await createTerminal(client, `${line}; echo "ended with $?"`);
  const viewer = new Viewer(client, id, 0);
  try {
    await viewer.expect(/ended with \d+/, seconds);
    return viewer.text.replaceAll("\r\n", "\n");
  } finally {
    viewer.close();
    await client.status("DELETE", `/api/v1/workspace/terminals/${id}`);
  }
}
