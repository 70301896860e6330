/** code-server: VS Code's own server and page, from npm, with its terminals in the bench's own workspace. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { held } from "./memory.ts";
import { execScript } from "./peers.ts";
import { CACHE, compile, npmInstall, Server } from "./programs.ts";

/** The last that runs with Node 20, the oldest that Maru's own tools run with. */
const VERSION = "4.100.3";
const FOLDER = `${CACHE}/code-server`;
const MODULES = `${FOLDER}/node_modules`;
const INSIDE = `${MODULES}/code-server/lib/vscode`;
const ARGON = `${MODULES}/argon2/lib/binding/napi-v3`;

/** As its own postinstall.sh does it, but for what would be fetched from GitHub or needs Kerberos' headers: nothing here uses that. */
function provide(say: (text: string) => void): void {
  // Compiled last.
  if (existsSync(`${ARGON}/argon2.node`)) return;
  say("fetching code-server from npm and compiling its native modules, about five minutes");
  mkdirSync(FOLDER, { recursive: true });
  npmInstall(FOLDER, `code-server@${VERSION}`);
  npmInstall(INSIDE);
  npmInstall(`${INSIDE}/extensions`);
  for (const name of ["@vscode/spdlog", "native-watchdog", "node-pty"])
    compile(`${INSIDE}/node_modules/${name}`);
  const place = [`--module_path=${ARGON}`, "--module_name=argon2", "--napi_build_version=3"];
  compile(`${MODULES}/argon2`, ...place);
}

/** Nothing that was not asked for, so that it is measured at its best. */
const SETTINGS = {
  "files.autoSave": "off",
  "files.hotExit": "off",
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "terminal.integrated.defaultProfile.linux": "bench",
  // Each page opens its own.
  "terminal.integrated.enablePersistentSessions": false,
  // What it foretells is no echo.
  "terminal.integrated.localEchoEnabled": "off",
  "workbench.startupEditor": "none",
};

export class CodeServer {
  private constructor(
    private readonly server: Server,
    private readonly project: string,
  ) {}

  /** With one file in its folder, and `shell` in its terminals. */
  static async start(
    file: { name: string; text: string },
    shell: string,
    say: (text: string) => void,
  ): Promise<CodeServer> {
    provide(say);
    let project = "";
    const server = await Server.start((port, own) => {
      project = `${own}/project`;
      mkdirSync(project);
      writeFileSync(`${project}/${file.name}`, file.text);
      mkdirSync(`${own}/data/User`, { recursive: true });
      const profiles = { bench: { path: execScript(own, shell) } };
      const settings = { ...SETTINGS, "terminal.integrated.profiles.linux": profiles };
      writeFileSync(`${own}/data/User/settings.json`, JSON.stringify(settings));
      return [
        "node",
        `${MODULES}/code-server/out/node/entry.js`,
        ...["--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--config", `${own}/config.yaml`],
        ...["--user-data-dir", `${own}/data`, "--extensions-dir", `${own}/extensions`],
        ...["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"],
      ];
    });
    return new CodeServer(server, project);
  }

  /** Where the page opens the folder and the file in it at once. */
  address(file: string): string {
    const host = `127.0.0.1:${this.server.port}`;
    const open = JSON.stringify([["openFile", `vscode-remote://${host}${this.project}/${file}`]]);
    return `http://${host}/?${new URLSearchParams({ folder: this.project, payload: open })}`;
  }

  /** Kilobytes that all its processes hold, without the shells. */
  held(): number {
    const ours = readdirSync("/proc").filter((name) => {
      if (!/^\d+$/.test(name)) return false;
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(`${MODULES}/code-server/`);
      } catch {
        return false;
      }
    });
    return ours.reduce((sum, pid) => sum + held(Number(pid)).pss, 0);
  }

  close(): void {
    this.server.close();
  }
}
