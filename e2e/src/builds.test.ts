/** A build has so much of the machine and no more, as the kernel itself says inside it. */
import { availableParallelism } from "node:os";
import { beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";
import { run } from "./terminal.ts";

const student = new Client(newStudent("builds"));
const DOCKERFILE = "/api/v1/workspace/files/guestbook/web/Dockerfile";
const MIB = 1024 * 1024;

beforeAll(() => student.workspaceReady());

test("memory and CPU are limited during a build", async () => {
  const ordinary = await eventually("the project is cloned", 30, async () => {
    const answer = await student.ask("GET", DOCKERFILE);
    return answer.ok && (await answer.text());
  });
  // Control groups of both versions.
  const ask = [
    "memory=$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max)",
    "quota=$(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max)",
    'echo "limits: $memory; $quota;"',
  ].join(" && ");
  const body = `${ordinary}\nRUN ${ask} # ${Date.now()}\n`;
  expect(await student.status("PUT", DOCKERFILE, { body })).toBeLessThan(300);
  const push = "cd ~/guestbook && git commit --quiet --all -m limits && git push --quiet origin main";
  expect(await run(student, push)).toContain("ended with 0");
  const { id } = await student.json<{ id: string }>("POST", "/api/v1/repositories/guestbook-web/builds", {
    json: {},
  });
  const log = await (await student.ask("GET", `/api/v1/builds/${id}/log?follow=1`)).text();
  expect(await student.json("GET", `/api/v1/builds/${id}`), log).toMatchObject({ state: "succeeded" });
  const said = log.match(/^limits: (\d+); (\d+)[^;]*;/m);
  expect(Number(said?.[1]), log).toBe(1536 * MIB);
  // Three quarters of the machine, of which each 100 ms are told.
  expect(Number(said?.[2]), log).toBe(Math.min(availableParallelism(), 16) * 75_000);
});
