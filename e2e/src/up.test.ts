/** What ./up leaves behind: logins that only their owner reads, and nothing to do when it is called again. */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { docker, instanceId, maru, root, serverPid, upJson } from "./instance.ts";

const student = new Client(maru.student);
beforeAll(() => student.workspaceReady());

test("the file with the logins is its owner's alone", () => {
  expect((statSync(upJson).mode & 0o777).toString(8)).toBe("600");
  expect((statSync(maru.data).mode & 0o777).toString(8)).toBe("700");
});

/** As the first call had it: what a server is told by MARU_… makes another one of it. */
function upAgain() {
  const { MARU_UP_JSON: _file, MARU_PROGRAM: _program, ...env } = process.env;
  const { port } = new URL(maru.url);
  const ended = spawnSync("./up", ["--detach", "--port", port, "--data", maru.data, "--json", upJson], {
    cwd: root,
    env,
    encoding: "utf8",
    timeout: 120_000,
  });
  expect(ended.status, ended.stdout + ended.stderr).toBe(0);
}

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
