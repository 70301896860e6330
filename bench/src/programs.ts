/** Programs that are no part of Maru: fetched when first needed, compiled, started, ended. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname } from "node:path";
import { freePort } from "../../e2e/src/server.ts";
import { sleep } from "./measure.ts";

/** What was fetched. */
export const CACHE = `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/maru/bench`;
const STARTS_WITHIN_MS = 60_000;

export function onPath(program: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(":")
    .map((folder) => `${folder}/${program}`)
    .find((path) => existsSync(path));
}

/** A program that serves on a port of loopback, in a folder of its own, until it is closed. */
export class Server {
  private constructor(
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(command: (port: number, folder: string) => string[]): Promise<Server> {
    const port = await freePort();
    const folder = mkdtempSync(`${tmpdir()}/maru-bench-`);
    const [program = "", ...args] = command(port, folder);
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data: Buffer) => {
        said = (said + data.toString("utf8")).slice(-2000);
      });
    const server = new Server(port, child, folder);
    const deadline = performance.now() + STARTS_WITHIN_MS;
    while (!(await answers(port))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        server.close();
        throw new Error(`${program} does not serve: ${said}`);
      }
      await sleep(100);
    }
    return server;
  }

  close(): void {
    this.process.kill("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );

/** Packages from npm. Their scripts are not run: they would fetch what is compiled from places that not every machine reaches. */
export function npmInstall(folder: string, ...packages: string[]): void {
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev"];
  execFileSync("npm", ["install", "--prefix", folder, ...quiet, ...packages], { cwd: folder, stdio: "pipe" });
}

/** Compiles a package's native module, with the headers that came with this Node: none can be fetched everywhere. */
export function compile(folder: string, ...settings: string[]): void {
  const headers = `--nodedir=${dirname(dirname(process.execPath))}`;
  const gyp = ["exec", "--yes", "--", "node-gyp", "rebuild", headers, `--directory=${folder}`, ...settings];
  execFileSync("npm", gyp, { stdio: "pipe" });
}
