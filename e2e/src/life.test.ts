/** The life of a workspace by its API: the ladder, cancel and force, being kept awake, and who is told of it. */
import { beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru, newStudent } from "./instance.ts";
import { run } from "./terminal.ts";

interface Workspace {
  id: string;
  state: string;
  cause: string | null;
  started_at: string | null;
  keep_alive_until: string | null;
  undo_until: string | null;
  usage: Usage | null;
}

interface Usage {
  memory: number;
  memory_limit: number;
  pids: number;
  pids_limit: number;
  disk: number;
  disk_limit: number;
  tmp: number;
  tmp_limit: number;
}

const student = new Client(newStudent("life"));
const admin = new Client(maru.admin);
const PATH = "/api/v1/workspace";
const FILE = `${PATH}/files/kept.txt`;

const get = (): Promise<Workspace> => student.json<Workspace>("GET", PATH);
const post = (op: string, json: unknown = {}): Promise<Workspace> =>
  student.json<Workspace>("POST", `${PATH}/${op}`, { json });
const settled = (state: string, before: string | null = null): Promise<Workspace> =>
  eventually(`the workspace is ${state}`, 60, async () => {
    const workspace = await get();
    if (workspace.state === "failed" && state !== "failed") throw new Error(workspace.cause ?? "");
    return workspace.state === state && (before === null || workspace.started_at !== before) && workspace;
  });
const containers = (): string[] =>
  docker("ps", "--all", "--quiet", "--filter", `name=^maru-${instanceId}-ws-${student.account.login}$`)
    .split("\n")
    .filter(Boolean);

beforeAll(() => student.workspaceReady());

test("cancel leaves what is ready alone; force ends all at once, and the files are there after the next start", async () => {
  expect(await student.status("PUT", FILE, { body: "kept" })).toBe(201);
  expect((await post("cancel")).state).toBe("ready");
  await post("force");
  await settled("stopped");
  expect(containers()).toEqual([]);
  await student.workspaceReady();
  expect(await (await student.ask("GET", FILE)).text()).toBe("kept");
  await post("restart");
  await post("cancel");
  await settled("stopped");
  await student.workspaceReady();
});

test("a factory reset gives an empty home with the project, and its undo all that was there", async () => {
  const { started_at } = await get();
  await post("reset");
  const after = await settled("ready", started_at);
  expect(await student.status("GET", FILE)).toBe(404);
  expect(Date.parse(after.undo_until ?? "")).toBeGreaterThan(Date.now() + 6 * 24 * 3_600_000);
  await eventually("the project is cloned", 30, async () => {
    return (await student.status("GET", `${PATH}/files/guestbook/README.md`)) === 200;
  });
  const { homes } = await student.json<{ homes: unknown[] }>("GET", `${PATH}/homes`);
  expect(homes.length).toBe(1);
  await post("reset/undo");
  await settled("ready", after.started_at);
  expect(await (await student.ask("GET", FILE)).text()).toBe("kept");
  expect(containers().length).toBe(1);
});

test("it is kept awake by its owner for some hours, by staff until a time, who are written down", async () => {
  const hour = await post("keep-alive", { hours: 1 });
  expect(Date.parse(hour.keep_alive_until ?? "") - Date.now()).toBeGreaterThan(3_500_000);
  const tomorrow = new Date(Date.now() + 30 * 3_600_000).toISOString();
  expect(await student.status("POST", `${PATH}/keep-alive`, { json: { until: tomorrow } })).toBe(400);
  const other = new Client(newStudent("life-other"));
  const path = `/api/v1/admin/workspaces/${hour.id}/keep-alive`;
  expect(await other.status("POST", path, { json: { until: tomorrow } })).toBe(403);
  const row = await admin.json<{ keep_alive_until: string }>("POST", path, { json: { until: tomorrow } });
  expect(Date.parse(row.keep_alive_until)).toBe(Date.parse(tomorrow));
  expect(Date.parse((await get()).keep_alive_until ?? "")).toBe(Date.parse(tomorrow));
  await admin.json("DELETE", path);
  expect((await get()).keep_alive_until).toBe(null);
});

test("stopped by staff it says so, in both languages", async () => {
  const { id } = await get();
  await admin.json("POST", `/api/v1/admin/workspaces/${id}/stop`);
  expect((await settled("stopped")).cause).toContain("instructor or administrator");
  const korean = await student.json<Workspace>("GET", PATH, { headers: { "Accept-Language": "ko" } });
  expect(korean.cause).toContain("관리자가 멈췄습니다");
  await student.workspaceReady();
  expect((await get()).cause).toBe(null);
});

test("the largest files are listed", async () => {
  expect(await student.status("PUT", `${PATH}/files/large.bin`, { body: "x".repeat(300_000) })).toBe(201);
  const files = await student.json<{ path: string; size: number }[]>("GET", `${PATH}/biggest?limit=3`);
  expect(files.some(({ path, size }) => path === "large.bin" && size >= 300_000)).toBe(true);
});

test("what it uses follows what its student does, and is beside its limits", async () => {
  const usage = (what: string, so: (now: Usage) => boolean): Promise<Usage> =>
    eventually(what, 30, async () => {
      const now = (await get()).usage;
      return now !== null && so(now) && now;
    });
  const before = await usage("its use is told", () => true);
  const { memory_limit, pids_limit, tmp_limit, disk_limit } = before;
  expect(Math.min(memory_limit, pids_limit, tmp_limit, disk_limit)).toBeGreaterThan(0);
  const MiB = 1 << 20;
  // A program that holds 96 MiB and seven more beside it, 40 MiB of home, 24 MiB of /tmp.
  const program = `x = bytes(range(256)) * (96 << 12); import time; time.sleep(300)`;
  const line = [
    `(setsid nohup python3 -c "${program}" >/tmp/held.log 2>&1 & echo $! >/tmp/pids)`,
    "(for i in 1 2 3 4 5 6 7; do setsid sleep 300 & echo $! >>/tmp/pids; done) >/dev/null 2>&1",
    "dd if=/dev/urandom of=$HOME/used.bin bs=1M count=40 conv=fsync status=none",
    "dd if=/dev/urandom of=/tmp/used.bin bs=1M count=24 status=none",
  ].join("; ");
  await run(student, line);
  const during = await usage("memory, processes, home and /tmp are up", (now) => {
    return (
      now.memory >= before.memory + 96 * MiB &&
      now.pids >= before.pids + 8 &&
      now.disk >= before.disk + 39 * MiB &&
      now.tmp >= before.tmp + 24 * MiB
    );
  });
  expect(during.pids).toBeLessThan(before.pids + 40);
  expect(during.disk).toBeLessThan(before.disk + 80 * MiB);
  expect(during.tmp).toBeLessThan(before.tmp + 26 * MiB);
  await run(student, "kill $(cat /tmp/pids); rm ~/used.bin /tmp/used.bin");
  await usage("and down again", (now) => {
    return (
      now.memory < before.memory + 32 * MiB &&
      now.pids <= before.pids + 4 &&
      now.disk < before.disk + 20 * MiB &&
      now.tmp < before.tmp + 2 * MiB
    );
  });
});
