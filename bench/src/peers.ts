/** Other terminals for the browser, each with a shell in the bench's own workspace, spoken to each in its protocol. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type WebSocket from "ws";
import { root } from "../../e2e/src/instance.ts";
import { CACHE, compile, npmInstall, onPath, Server } from "./programs.ts";
import { container, student } from "./student.ts";
import { ExecTty, MaruTty, Tty } from "./tty.ts";

/** A package of e2e/, which has all that the benches use. */
const Socket = createRequire(`${root}e2e/package.json`)("ws") as typeof WebSocket;

/** A terminal's server, and a terminal of it in which `shell` runs. */
export interface Peer {
  name: string;
  open(shell: string): Promise<Tty>;
}

/** Maru and all peers that this machine can have, the ones that are fetched told by `say`. */
export function peers(say: (text: string) => void): Peer[] {
  const all: Peer[] = [
    { name: "docker exec -it", open: (shell) => ExecTty.open(container, ["sh", "-c", shell]) },
    { name: "JupyterLab", open: (shell) => Jupyter.open(shell, say) },
    { name: "wetty", open: (shell) => Wetty.open(shell, say) },
  ];
  const ttyd = onPath("ttyd");
  if (ttyd) all.push({ name: "ttyd", open: (shell) => Ttyd.open(ttyd, shell) });
  else say("ttyd is not on the PATH: left out");
  return all;
}

export const maruPeer: Peer = { name: "Maru", open: (shell) => MaruTty.open(student(), shell) };

/** The shell in the workspace, as a program of the host. */
export const exec = (shell: string): string[] => ["docker", "exec", "-it", container, "sh", "-c", shell];

/** The same as a script in a folder, for who wants to be told a program alone. */
export function execScript(folder: string, shell: string): string {
  const script = `${folder}/shell`;
  const quoted = exec(shell).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  writeFileSync(script, `#!/bin/sh\nexec ${quoted.join(" ")}\n`);
  chmodSync(script, 0o755);
  return script;
}

/** JupyterLab's terminal: terminado's protocol, arrays of JSON over a WebSocket. */
class Jupyter extends Tty {
  private constructor(
    private readonly server: Server,
    private readonly socket: WebSocket,
  ) {
    super();
    socket.on("message", (data: Buffer) => {
      const [kind, text] = JSON.parse(data.toString("utf8")) as [string, string];
      if (kind === "stdout") this.output(Buffer.from(text, "utf8"));
    });
  }

  static async open(shell: string, say: (text: string) => void): Promise<Jupyter> {
    const folder = `${CACHE}/jupyterlab`;
    if (!existsSync(`${folder}/bin/jupyter-lab`)) {
      say("fetching JupyterLab from PyPI, about a minute");
      execFileSync("python3", ["-m", "venv", folder]);
      execFileSync(`${folder}/bin/pip`, ["install", "--quiet", "jupyterlab"], { stdio: "pipe" });
    }
    const token = randomBytes(16).toString("hex");
    const settings = JSON.stringify({ shell_command: exec(shell) });
    const server = await Server.start((port, root) => [
      `${folder}/bin/jupyter-lab`,
      ...["--no-browser", "--allow-root", "--ip=127.0.0.1", `--port=${port}`, `--notebook-dir=${root}`],
      ...[`--IdentityProvider.token=${token}`, `--ServerApp.terminado_settings=${settings}`],
    ]);
    const made = await fetch(`http://127.0.0.1:${server.port}/api/terminals?token=${token}`, {
      method: "POST",
    });
    const { name } = (await made.json()) as { name: string };
    const url = `ws://127.0.0.1:${server.port}/terminals/websocket/${name}?token=${token}`;
    const tty = new Jupyter(server, new Socket(url));
    await opened(tty.socket);
    tty.socket.send(JSON.stringify(["set_size", 30, 120, 600, 1200]));
    return tty;
  }

  type(text: string): void {
    this.socket.send(JSON.stringify(["stdin", text]));
  }

  async close(): Promise<void> {
    this.socket.close();
    this.server.close();
  }
}

/** What is used of wetty's own copy of socket.io's client. */
interface SocketIo {
  on(event: string, heard: (data: string) => void): void;
  emit(event: string, data: unknown): void;
  disconnect(): void;
}

class Wetty extends Tty {
  private constructor(
    private readonly server: Server,
    private readonly socket: SocketIo,
  ) {
    super();
    socket.on("data", (text) => {
      this.output(Buffer.from(text, "utf8"));
      // As its page does once it has shown that.
      socket.emit("commit", text.length);
    });
  }

  static async open(shell: string, say: (text: string) => void): Promise<Wetty> {
    const folder = `${CACHE}/wetty`;
    const program = `${folder}/node_modules/wetty/build/main.js`;
    if (!existsSync(`${folder}/node_modules/node-pty/build/Release/pty.node`)) {
      say("fetching wetty from npm and compiling its node-pty, about two minutes");
      mkdirSync(folder, { recursive: true });
      npmInstall(folder, "wetty");
      compile(`${folder}/node_modules/node-pty`);
    }
    const server = await Server.start((port, own) => {
      const script = execScript(own, shell);
      return [
        "node",
        program,
        "--host",
        "127.0.0.1",
        "--port",
        `${port}`,
        "--base",
        "/",
        "--command",
        script,
      ];
    });
    const { io } = createRequire(program)("socket.io-client") as {
      io(url: string, options: object): SocketIo;
    };
    const url = `http://127.0.0.1:${server.port}`;
    const tty = new Wetty(server, io(url, { path: "/socket.io", transports: ["websocket"] }));
    await new Promise<void>((resolve) => tty.socket.on("login", () => resolve()));
    tty.socket.emit("resize", { cols: 120, rows: 30 });
    return tty;
  }

  type(text: string): void {
    this.socket.emit("input", text);
  }

  async close(): Promise<void> {
    this.socket.disconnect();
    this.server.close();
  }
}

/** ttyd's protocol: a letter, then the bytes. */
class Ttyd extends Tty {
  private constructor(
    private readonly server: Server,
    private readonly socket: WebSocket,
  ) {
    super();
    socket.on("message", (data: Buffer) => {
      if (data[0] === "0".charCodeAt(0)) this.output(data.subarray(1));
    });
  }

  static async open(program: string, shell: string): Promise<Ttyd> {
    const server = await Server.start((port) => [
      program,
      ...["--interface", "127.0.0.1", "--port", `${port}`, "--writable"],
      ...exec(shell),
    ]);
    const tty = new Ttyd(server, new Socket(`ws://127.0.0.1:${server.port}/ws`, "tty"));
    await opened(tty.socket);
    tty.socket.send(JSON.stringify({ AuthToken: "", columns: 120, rows: 30 }));
    return tty;
  }

  type(text: string): void {
    this.socket.send(`0${text}`);
  }

  async close(): Promise<void> {
    this.socket.close();
    this.server.close();
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve());
    socket.on("error", reject);
  });
}
