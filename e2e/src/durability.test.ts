/** What outlives a kill -9 of the server and a restart of the cluster's node. */
import { beforeAll, expect, test } from "vitest";
import { app, Client, entries } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru, newStudent, serverPid } from "./instance.ts";
import { createTerminal, run, Viewer } from "./terminal.ts";

interface Build {
  id: string;
  state: string;
  reason: string | null;
  finished_at: string | null;
}

const student = new Client(newStudent("durable"));

beforeAll(() => student.workspaceReady());

async function killServer(): Promise<void> {
  const before = serverPid();
  process.kill(before, "SIGKILL");
  await eventually("the server is back", 30, async () => {
    return serverPid() !== before && (await fetch(`${maru.url}/readyz`)).ok;
  });
}

test("a counter in a terminal goes on through a kill -9 of the server, with no byte lost or doubled; a build that runs has an end", async () => {
  const dockerfile = "/api/v1/workspace/files/guestbook/web/Dockerfile";
  const ordinary = await eventually("the project is cloned", 30, async () => {
    const answer = await student.ask("GET", dockerfile);
    return answer.ok && (await answer.text());
  });
  // The comment makes it another instruction each time: nothing of it is cached.
  const slow = `${ordinary}\nRUN sleep 8 # ${Date.now()}\n`;
  expect(await student.status("PUT", dockerfile, { body: slow })).toBeLessThan(300);
  const push = "cd ~/guestbook && git commit --quiet --all -m slow && git push --quiet origin main";
  expect(await run(student, push)).toContain("ended with 0");

  const lines = 2000;
  const id = await createTerminal(student, `for i in $(seq 1 ${lines}); do echo "line $i"; sleep 0.01; done`);
  const before = new Viewer(student, id, 0);
  await before.expect(/line 200\r\n/);
  expect(before.first).toBe(0);
  const { id: buildId } = await student.json<Build>("POST", "/api/v1/repositories/guestbook-web/builds", {
    json: {},
  });
  const build = (): Promise<Build> => student.json<Build>("GET", `/api/v1/builds/${buildId}`);
  const log = async (): Promise<string> => (await student.ask("GET", `/api/v1/builds/${buildId}/log`)).text();
  await eventually("the Engine is in the slow instruction", 60, async () =>
    (await log()).includes("RUN sleep 8"),
  );
  expect(await build()).toMatchObject({ state: "running", finished_at: null });
  expect(before.exitCode, "the counter still counts").toBe(null);
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
    const now = await build();
    return now.state !== "queued" && now.state !== "running" && now;
  });
  expect(end.finished_at).not.toBe(null);
  // It was begun once more, which its log says; nobody is left to guess why it took longer.
  expect(end, await log()).toMatchObject({ state: "succeeded", reason: null });
  expect(await log()).toContain("It starts again (attempt 2)");
  expect(await student.status("PUT", dockerfile, { body: ordinary })).toBeLessThan(300);
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

test("while the cluster's node starts, the plan says so and shows the rest", async () => {
  interface Plan {
    ok: boolean;
    compared: boolean;
    commit: { files: { path: string }[] };
    images: { repository: string; build: boolean }[];
    objects: { kind: string; change: string; file: string | null }[];
    diagnostics: { severity: string; code: string; message: string }[];
  }
  const plan = (): Promise<Plan> => student.json<Plan>("GET", "/api/v1/deployments/plan");
  const ready = await eventually("the cluster is asked", 120, async () => {
    const found = await plan();
    return found.compared && found;
  });
  expect(
    await student.status("PUT", "/api/v1/workspace/files/guestbook/web/more.txt", { body: "more" }),
  ).toBe(201);
  docker("kill", `maru-${instanceId}-node`);
  const began = Date.now();
  const now = await plan();
  expect(Date.now() - began, "milliseconds until it answered").toBeLessThan(15_000);
  expect(now).toMatchObject({ ok: true, compared: false });
  expect(now.commit.files.map(({ path }) => path)).toContain("web/more.txt");
  expect(now.images.find(({ repository }) => repository === "guestbook-web")?.build).toBe(true);
  expect(now.objects.map(({ kind, file }) => [kind, file])).toEqual(
    ready.objects.filter(({ change }) => change !== "remove").map(({ kind, file }) => [kind, file]),
  );
  expect(new Set(now.objects.map(({ change }) => change))).toEqual(new Set(["unknown"]));
  const said = now.diagnostics.find(({ code }) => code === "not_verified");
  expect(said?.severity).toBe("info");
  expect(said?.message).toContain("The cluster could not be asked yet: ");

  const back = await eventually("the cluster is asked again", 180, async () => {
    const found = await plan();
    return found.compared && found;
  });
  expect(back.objects.some(({ change }) => change === "unknown")).toBe(false);
  expect(back.diagnostics.some(({ code }) => code === "not_verified")).toBe(false);
});
