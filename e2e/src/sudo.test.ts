/** Root in one's own workspace: where the class allows it, and no further than the container. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru } from "./instance.ts";
import { run } from "./terminal.ts";

const student = new Client(maru.student);
const admin = new Client(maru.admin);
let path = "";

const container = () =>
  docker("inspect", "--format", "{{.Id}}", `maru-${instanceId}-ws-${maru.student.login}`);

/** For workspaces that run as well. */
async function set(limits: { sudo?: boolean }): Promise<void> {
  await student.workspaceReady();
  const before = container();
  await admin.json("PUT", path, { json: { limits, now: true } });
  await eventually("the workspace has another container", 60, () => container() !== before);
  await student.workspaceReady();
}

beforeAll(async () => {
  const me = await student.json<{ classes: { id: string }[] }>("GET", "/api/v1/me");
  path = `/api/v1/admin/classes/${me.classes[0]?.id}/limits`;
});
afterAll(() => set({}));

test("is off, which sudo says in the student's words", async () => {
  await student.workspaceReady();
  const told = await run(student, "sudo id -u");
  expect(told).toContain("this class does not allow");
  expect(told).toContain("pip install");
  expect(await run(student, "LANG=ko_KR.UTF-8 sudo id -u")).toContain("강사");
});

test("where the class allows it, packages can be installed, and the host is as far as before", async () => {
  await set({ sudo: true });
  expect(await run(student, "sudo id -u")).toMatch(/^0\r?$/m);
  const installs =
    "sudo dpkg-divert --local --rename --add /usr/bin/tree && sudo chown 0:0 /opt && echo installed";
  expect(await run(student, installs)).toMatch(/^installed\r?$/m);
  for (const forbidden of [
    "mount -t tmpfs none /mnt",
    "mknod /tmp/disk b 8 0",
    "ip link add dummy0 type dummy",
    "touch /opt/maru/bin/kubectl",
    "sysctl -w kernel.hostname=other",
  ])
    expect(await run(student, `sudo ${forbidden} && echo did''it`), forbidden).not.toContain("didit");
  expect(await run(student, "sudo grep CapEff /proc/self/status")).toContain("00000000200000fb");
});
