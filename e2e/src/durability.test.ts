/** What outlives a kill -9 of the server and a restart of the cluster's node. */
import { beforeAll, expect, test } from "vitest";
import { app, Client, entries } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru, newStudent, serverPid } from "./instance.ts";
import { createTerminal, Viewer } from "./terminal.ts";

const student = new Client(newStudent("durable"));

beforeAll(() => student.workspaceReady());

async function killServer(): Promise<void> {
  const before = serverPid();
  process.kill(before, "SIGKILL");
  await eventually("the server is back", 30, async () => {
    return serverPid() !== before && (await fetch(`${maru.url}/readyz`)).ok;
  });
}

test("a counter in a terminal goes on through a kill -9 of the server, with no byte lost or doubled; a build has an end", async () => {
  const lines = 1500;
  const id = await createTerminal(student, `for i in $(seq 1 ${lines}); do echo "line $i"; sleep 0.01; done`);
  const before = new Viewer(student, id, 0);
  const build = await student.json<{ id: string }>("POST", "/api/v1/repositories/guestbook-web/builds", {
    json: {},
  });
  await before.expect(/line 200\r\n/);
  expect(before.first).toBe(0);
  await killServer();
  await eventually("the connection to the killed server is gone", 10, () => before.closed);

  const after = await eventually("the terminal is attached again", 30, async () => {
    const viewer = new Viewer(student, id, before.next);
    await eventually(
      "attached",
      5,
      () => viewer.first !== null || (viewer.closed && Promise.reject("closed")),
    );
    return viewer;
  });
  expect(after.first).toBe(before.next);
  await eventually("the counter has ended", 120, () => after.exitCode !== null);
  expect(after.exitCode).toBe(0);
  const wanted = Array.from({ length: lines }, (_, i) => `line ${i + 1}\r\n`).join("");
  expect(before.text + after.text).toBe(wanted);
  after.close();

  const end = await eventually("the build has an end", 120, async () => {
    const { state } = await student.json<{ state: string }>("GET", `/api/v1/builds/${build.id}`);
    return state !== "queued" && state !== "running" && state;
  });
  expect(["succeeded", "failed"]).toContain(end);
});

/** Another length than the version before, and all of it says which one it is. */
const version = (n: number): string => `${n};`.repeat(8_000 + (n % 7) * 3_000);

test("no file is torn and every acknowledged save is there, whenever the server is killed", async () => {
  // Two hundred are in crates/workspace/tests/saves.rs; a fifth within seconds, and nobody starts this one again.
  const kills = 4;
  const files = [0, 1, 2, 3].map((n) => `/api/v1/workspace/files/saved-${n}`);
  const acknowledged = files.map(() => 0);
  let saves = 0;
  for (let kill = 1; kill <= kills; kill++) {
    const writers = files.map(async (path, file) => {
      for (let n = (acknowledged[file] ?? 0) + 1; ; n++) {
        // Cut off: this one may be there or not.
        const status = await student.status("PUT", path, { body: version(n) }).catch(() => 0);
        if (status === 0) return;
        expect([201, 204]).toContain(status);
        acknowledged[file] = n;
        saves++;
      }
    });
    const before = saves;
    await eventually("saves go on", 30, () => saves >= before + files.length && !acknowledged.includes(0));
    await new Promise((resolve) => setTimeout(resolve, (kill * 37) % 60));
    await killServer();
    await Promise.all(writers);
    for (const [file, path] of files.entries()) {
      const text = await eventually("the agent is reached again", 30, async () => {
        const answer = await student.ask("GET", path);
        return answer.ok && (await answer.text());
      });
      const n = Number(text.slice(0, text.indexOf(";")));
      expect(text === version(n), `saved-${file} is whole after kill ${kill}`).toBe(true);
      const last = acknowledged[file] ?? 0;
      expect([last, last + 1], `saved-${file} after kill ${kill}`).toContain(n);
      acknowledged[file] = n;
    }
  }
  console.log(`${kills} kills of the server in the middle of ${saves} saves`);
});

test("the application and its data are there again after a restart of the node", async () => {
  const message = `before the restart ${Date.now()}`;
  const posted = await app(new URL("/api/entries", maru.app_url).href, "POST", {
    author: "durability",
    message,
  });
  expect(posted.status, posted.body).toBe(201);
  docker("restart", `maru-${instanceId}-node`);
  await eventually("the entry is there again", 150, async () =>
    (await entries(maru.app_url)).includes(message),
  );
});
