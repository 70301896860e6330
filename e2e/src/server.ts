/** Another `maru serve` on this machine, with a data folder of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { program, root } from "./instance.ts";

/** What `./up` gives a server: which images there are. */
export function images(): Record<string, string> {
  const lines = execFileSync(`${root}docker/build-images`, ["--tags"], { encoding: "utf8" })
    .trim()
    .split("\n");
  const node = execFileSync(`${root}docker/node/build`, ["--tag"], { encoding: "utf8" }).trim();
  return { MARU_NODE_IMAGE: node, ...Object.fromEntries(lines.map((line) => line.split("=", 2))) };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

export class Server {
  readonly data = mkdtempSync(join(tmpdir(), "maru-second-"));
  url = "";
  private process?: ChildProcess;

  get instance(): string {
    return readFileSync(join(this.data, "instance"), "utf8").trim();
  }

  /** Name of a thing of this server's in Docker. */
  name(thing: string): string {
    return `maru-${this.instance}-${thing}`;
  }

  log(): string {
    return readFileSync(join(this.data, "server.log"), "utf8");
  }

  async start(settings: Record<string, string> = {}): Promise<void> {
    const port = await freePort();
    this.url = `http://localhost:${port}`;
    const env = {
      ...process.env,
      ...images(),
      MARU_DATA: this.data,
      MARU_LISTEN: `127.0.0.1:${port}`,
      MARU_URL: this.url,
      MARU_AGENT: `${root}target/static/maru-agent`,
      MARU_WEB: `${root}web/dist`,
      MARU_TEMPLATES: `${root}templates`,
      ...settings,
    };
    const log = openSync(join(this.data, "server.log"), "a");
    const started = spawn(program, ["serve"], { env, stdio: ["ignore", log, log] });
    this.process = started;
    await eventually(`${this.url} answers`, 60, async () => {
      if (started.exitCode !== null) throw new Error(`the server ended: ${this.log().slice(-2000)}`);
      return (await fetch(`${this.url}/healthz`).catch(() => undefined))?.ok;
    });
  }

  /** Ends the server. What it has in Docker stays. */
  async stop(): Promise<void> {
    const running = this.process;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGTERM");
    await ended;
  }

  /** Ends it, and removes all it has. */
  async sweep(): Promise<void> {
    await this.stop();
    execFileSync(`${root}scripts/sweep`, ["--data", this.data]);
  }
}
