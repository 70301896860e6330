/** What ./up leaves behind: logins that only their owner reads, and nothing to do when it is called again. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { app, Client, entries } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru, root, serverPid, upJson } from "./instance.ts";

const student = new Client(maru.student);
beforeAll(() => student.workspaceReady());

test("the file with the logins is its owner's alone", () => {
  expect((statSync(upJson).mode & 0o777).toString(8)).toBe("600");
  expect((statSync(maru.data).mode & 0o777).toString(8)).toBe("700");
});

/** As the first call had it: what a server is told by MARU_… makes another one of it. */
function up(...args: string[]) {
  const { MARU_UP_JSON: _file, MARU_PROGRAM: _program, ...env } = process.env;
  const ended = spawnSync("./up", args, { cwd: root, env, encoding: "utf8", timeout: 180_000 });
  return { status: ended.status, output: ended.stdout + ended.stderr };
}

function upAgain() {
  const { port } = new URL(maru.url);
  const { status, output } = up("--detach", "--port", port, "--data", maru.data, "--json", upJson);
  expect(status, output).toBe(0);
}

const running = () => docker("ps", "--quiet", "--filter", `label=maru.instance=${instanceId}`);

test("./up once more is quick and changes nothing", () => {
  /** Those that ./up makes: which they are, and since when they run. */
  const containers = (): string =>
    docker(
      "inspect",
      "--format",
      "{{.Name}} {{.Id}} {{.State.StartedAt}}",
      ...["node", "registry", "ws-student"].map((name) => `maru-${instanceId}-${name}`),
    );
  const before = { containers: containers(), server: serverPid(), logins: readFileSync(upJson, "utf8") };
  const began = Date.now();
  upAgain();
  const took = Date.now() - began;
  expect({ containers: containers(), server: serverPid(), logins: readFileSync(upJson, "utf8") }).toEqual(
    before,
  );
  expect((statSync(upJson).mode & 0o777).toString(8)).toBe("600");
  console.info(`./up again took ${took} ms`);
});

test("an application that its student deleted stays deleted", async () => {
  expect(await student.status("DELETE", "/api/v1/app")).toBe(204);
  upAgain();
  expect(await student.json("GET", "/api/v1/app")).toMatchObject({ health: "none" });
  // Others after this want it there.
  expect(await student.deploy("it is wanted again")).toMatchObject({ state: "succeeded" });
});

test("./up --stop ends all of it, and ./up brings all of it back", async () => {
  const file = "/api/v1/workspace/files/kept.txt";
  await student.status("PUT", file, { body: "kept" });
  const message = `before the stop ${Date.now()}`;
  const posted = await app(new URL("/api/entries", maru.app_url).href, "POST", { author: "up", message });
  expect(posted.status, posted.body).toBe(201);

  const { status, output } = up("--stop", "--data", maru.data);
  expect(status, output).toBe(0);
  expect(running()).toBe("");
  expect(existsSync(join(maru.data, "maru.pid"))).toBe(false);
  await expect(fetch(`${maru.url}/healthz`)).rejects.toThrow("fetch failed");

  upAgain();
  await student.workspaceReady();
  expect(await (await student.ask("GET", file)).text()).toBe("kept");
  await eventually("the entry is there again", 150, async () =>
    (await entries(maru.app_url)).includes(message),
  );
});

test("a port that another program has is told before anything is made", async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, "127.0.0.1", listening));
  const { port } = other.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), "maru-taken-"));
  const { status, output } = up("--detach", "--port", String(port), "--data", join(folder, "data"));
  other.close();
  rmSync(folder, { recursive: true });
  expect(status).not.toBe(0);
  expect(output).toContain(`port ${port} is taken by another program`);
  expect(output).toContain("./up --port N --data DIR");
});
