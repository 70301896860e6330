/** Interactive programs with a terminal of their own: through Maru, and through the Docker Engine alone. */
import { request } from "node:http";
import type { Duplex } from "node:stream";
import type { Client } from "../../e2e/src/client.ts";
import { createTerminal, Viewer } from "../../e2e/src/terminal.ts";

const ENGINE = process.env.DOCKER_HOST?.replace(/^unix:\/\//, "") ?? "/var/run/docker.sock";
const PATIENCE_MS = 120_000;
/** Characters of output that are kept to look for something in: the end of a flood. */
const KEPT = 4096;

export abstract class Tty {
  private text = "";
  private moved: () => void = () => {};

  abstract type(text: string): void;
  abstract close(): Promise<void>;

  protected output(data: Buffer): void {
    this.text = (this.text + data.toString("latin1")).slice(-KEPT);
    this.moved();
  }

  /** Drops what came so far. */
  forget(): void {
    this.text = "";
  }

  /** Waits until the output since the last `forget` matches. */
  seen(pattern: RegExp): Promise<void> {
    if (pattern.test(this.text)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.moved = () => {};
        reject(new Error(`no ${pattern} in the terminal, only ${JSON.stringify(this.text.slice(-400))}`));
      }, PATIENCE_MS);
      this.moved = () => {
        if (!pattern.test(this.text)) return;
        this.moved = () => {};
        clearTimeout(late);
        resolve();
      };
    });
  }
}

/** What a shell ends with when it waits for its user: `$ `, colours, and marks for the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in control characters
export const PROMPT = /[$#] (\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07)*$/;

/** A terminal of a workspace, as the browser has it. */
export class MaruTty extends Tty {
  private constructor(
    private readonly client: Client,
    private readonly id: string,
    private readonly viewer: Viewer,
  ) {
    super();
  }

  static async open(client: Client, command?: string): Promise<MaruTty> {
    const id = await createTerminal(client, command);
    const tty = new MaruTty(client, id, new Viewer(client, id, 0));
    tty.viewer.onOutput = (data) => tty.output(data);
    return tty;
  }

  type(text: string): void {
    this.viewer.type(text);
  }

  /** Goes, and lets the terminal be. */
  leave(): void {
    this.viewer.close();
  }

  async close(): Promise<void> {
    this.leave();
    await this.client.status("DELETE", `/api/v1/workspace/terminals/${this.id}`);
  }
}

/** What `docker exec -it` does, without the docker program in between: the best that an exec can be. */
export class ExecTty extends Tty {
  private constructor(private readonly stream: Duplex) {
    super();
    stream.on("data", (data: Buffer) => this.output(data));
    stream.on("error", () => {});
  }

  static async open(container: string, argv: string[]): Promise<ExecTty> {
    const attach = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true };
    const made = await engine(`/containers/${container}/exec`, { ...attach, Cmd: argv });
    const { Id } = JSON.parse(made) as { Id: string };
    return new ExecTty(await hijack(`/exec/${Id}/start`, { Detach: false, Tty: true }));
  }

  type(text: string): void {
    this.stream.write(text);
  }

  async close(): Promise<void> {
    this.stream.destroy();
  }
}

function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const json = JSON.stringify(body);
  const length = String(Buffer.byteLength(json));
  const asked = request({
    socketPath: ENGINE,
    path,
    method: "POST",
    headers: { "Content-Type": "application/json", "Content-Length": length, ...headers },
  });
  asked.end(json);
  return asked;
}

function engine(path: string, body: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = post(path, body);
    asked.on("error", reject);
    asked.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece) => {
        text += piece;
      });
      answer.on("end", () => ((answer.statusCode ?? 500) < 300 ? resolve(text) : reject(new Error(text))));
    });
  });
}

function hijack(path: string, body: unknown): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = post(path, body, { Connection: "Upgrade", Upgrade: "tcp" });
    asked.on("error", reject);
    asked.on("response", (answer) => reject(new Error(`${path}: ${answer.statusCode}`)));
    asked.on("upgrade", (_answer, stream, head) => {
      if (head.length > 0) stream.unshift(head);
      stream.setNoDelay(true);
      resolve(stream);
    });
  });
}
