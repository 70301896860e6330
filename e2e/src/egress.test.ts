/** The way out of a class's workspaces: everything, package registries, nothing. */
import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru } from "./instance.ts";
import { run } from "./terminal.ts";

const student = new Client(maru.student);
const instructor = new Client(maru.instructor);
let path = "";

beforeAll(async () => {
  const me = await student.json<{ classes: { id: string }[] }>("GET", "/api/v1/me");
  path = `/api/v1/admin/classes/${me.classes[0]?.id}/egress`;
});

const container = () =>
  docker("inspect", "--format", "{{.Id}}", `maru-${instanceId}-ws-${maru.student.login}`);

/** Sets the way out, for workspaces that run as well. */
async function set(egress: string | null): Promise<void> {
  await student.workspaceReady();
  const before = container();
  await instructor.json("PUT", path, { json: { egress, now: true } });
  await eventually("the workspace has another container", 60, () => container() !== before);
  await student.workspaceReady();
}

const succeeds = async (line: string) => (await run(student, line, 90)).includes("ended with 0");
const straight = (host: string, port: number) =>
  succeeds(`timeout 5 bash -c 'exec 3<>/dev/tcp/${host}/${port}'`);

test("is the business of the class's instructors", async () => {
  expect(await student.status("GET", path)).toBe(403);
  const wrong = { json: { egress: "everything" } };
  expect(await instructor.status("PUT", path, wrong)).toBe(400);
  const nowhere = `/api/v1/admin/classes/${randomBytes(8).toString("hex")}/egress`;
  expect(await instructor.status("GET", nowhere)).toBe(404);
});

test("registries only: packages come, everything else does not", async () => {
  await set("registries");
  const fresh = "rm -rf /tmp/got && mkdir /tmp/got && cd /tmp/got";
  expect(await succeeds(`${fresh} && pip download --quiet --no-deps --no-cache-dir six`)).toBe(true);
  expect(await succeeds(`${fresh} && npm pack --silent is-odd`)).toBe(true);
  expect(await straight("pypi.org", 443), "past the server").toBe(false);
  expect(await straight("1.1.1.1", 53)).toBe(false);
  const refused = await run(student, "curl --silent --show-error https://example.org");
  expect(refused).toContain("403");
  // The way leads to no door of this machine, and to no other port.
  for (const target of ["127.0.0.1:22", "localhost:443", "169.254.169.254:443", "pypi.org:22"]) {
    const asked = `curl --silent --proxytunnel --proxy http://127.0.0.1:7070 --noproxy '' http://${target}/`;
    expect(await succeeds(asked), target).toBe(false);
  }
  // git and kubectl go to the server as before.
  expect(await succeeds("cd ~/guestbook && git ls-remote --quiet origin")).toBe(true);
});

test("nothing: not even a registry, nor a name", async () => {
  await set("none");
  expect(await succeeds("pip download --quiet --no-deps --no-cache-dir --retries 0 --timeout 5 six")).toBe(
    false,
  );
  const proxy = "--proxy http://127.0.0.1:7070";
  expect(await succeeds(`curl --silent --fail ${proxy} https://pypi.org/simple/six/`)).toBe(false);
  expect(await succeeds("timeout 8 getent hosts example.org")).toBe(false);
  expect(await succeeds("cd ~/guestbook && git ls-remote --quiet origin")).toBe(true);
  // The network's other end is this machine.
  const server = createServer((socket) => socket.end("open"));
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  try {
    const network = `maru-${instanceId}-workspaces-shut`;
    const here = docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", network);
    expect(here).toMatch(/^[0-9.]+$/);
    expect(await straight(here, (server.address() as AddressInfo).port)).toBe(false);
  } finally {
    server.close();
  }
});

test("open again: as the installation says", async () => {
  await set(null);
  expect(await succeeds("cd /tmp && pip download --quiet --no-deps --no-cache-dir six")).toBe(true);
});
