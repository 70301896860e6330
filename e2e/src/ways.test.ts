/** Ways of the contract that no page takes by itself in another test: each asked as a client would. */
import { beforeAll, describe, expect, test } from "vitest";
import { Client, type Deployment, isOver } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru, newStudent } from "./instance.ts";

const account = newStudent("ways");
const student = new Client(account);
const WORKSPACE = "/api/v1/workspace";
const container = `maru-${instanceId}-ws-${account.login}`;
const id = () => docker("inspect", "--format", "{{.Id}}", container);
const started = () => docker("inspect", "--format", "{{.State.StartedAt}}", container);
const ready = () =>
  eventually("the workspace is ready", 90, async () => {
    return (await student.json<{ state: string }>("GET", WORKSPACE)).state === "ready";
  });
const write = (path: string, body: string) => student.status("PUT", `${WORKSPACE}/files/${path}`, { body });
const read = async (path: string) => (await student.ask("GET", `${WORKSPACE}/files/${path}`)).text();

beforeAll(() => student.workspaceReady());

describe("files", () => {
  test("are moved, and folders made", async () => {
    expect(
      await student.status("POST", `${WORKSPACE}/folders`, { json: { path: "made/deep" } }),
    ).toBeLessThan(300);
    expect(await write("made/one.txt", "one")).toBeLessThan(300);
    const move = { from: "made/one.txt", to: "made/deep/two.txt" };
    expect(await student.status("POST", `${WORKSPACE}/move`, { json: move })).toBeLessThan(300);
    expect(await read("made/deep/two.txt")).toBe("one");
    expect(await student.status("GET", `${WORKSPACE}/files/made/one.txt`)).toBe(404);
    // What is there already is not written over.
    expect(await write("made/one.txt", "another")).toBeLessThan(300);
    expect(await student.status("POST", `${WORKSPACE}/move`, { json: move })).toBeGreaterThanOrEqual(400);
    expect(await read("made/deep/two.txt")).toBe("one");
  });

  test("are found by a few letters, best first", async () => {
    const paths = await student.json<{ path: string }[]>("GET", `${WORKSPACE}/paths?q=deeptwo`);
    expect(paths[0]?.path).toBe("made/deep/two.txt");
  });

  test("are watched, whoever changes them", async () => {
    const stream = await student.ask("GET", `${WORKSPACE}/watch`);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    let seen = "";
    const told = eventually("the change is told", 20, async () => {
      const { value } = await reader.read();
      seen += new TextDecoder().decode(value);
      return seen.includes("made/watched.txt");
    });
    docker("exec", container, "sh", "-c", "echo from inside > /home/student/made/watched.txt");
    await told;
    await reader.cancel();
  });
});

describe("the ladder", () => {
  test("restart begins the same container again", async () => {
    const [before, at] = [id(), started()];
    expect(await student.status("POST", `${WORKSPACE}/restart`)).toBeLessThan(300);
    await eventually("it was started again", 60, () => started() !== at);
    await ready();
    expect(id()).toBe(before);
  });

  test("recreate makes another, with the files kept and a snapshot before", async () => {
    const before = id();
    const snapshots = async () =>
      (await student.json<{ snapshots: unknown[] }>("GET", `${WORKSPACE}/snapshots`)).snapshots.length;
    const had = await snapshots();
    expect(await student.status("POST", `${WORKSPACE}/recreate`)).toBeLessThan(300);
    await eventually("it is another one", 90, () => id() !== before);
    await ready();
    expect(await read("made/deep/two.txt")).toBe("one");
    expect(await snapshots()).toBeGreaterThan(had);
  });
});

test("a Deploy that is asked for twice with one key is one, and another one has to wait", async () => {
  const deploy = (key: string) =>
    student.ask("POST", "/api/v1/deployments", { json: {}, headers: { "Idempotency-Key": key } });
  const [first, again] = [await deploy("the first"), await deploy("the first")];
  const made = (await first.json()) as Deployment;
  expect([first.status, ((await again.json()) as Deployment).id]).toEqual([202, made.id]);
  const other = await deploy("another");
  const refusal = (await other.json()) as { code: string; id?: string };
  expect([other.status, refusal.code]).toEqual([409, "deploy_running"]);
  expect(JSON.stringify(refusal)).toContain(made.id);
  expect(await student.status("POST", `/api/v1/deployments/${made.id}/cancel`)).toBeLessThan(300);
  const end = await eventually("it has ended", 60, async () => {
    const now = await student.json<Deployment>("GET", `/api/v1/deployments/${made.id}`);
    return isOver(now) && now;
  });
  expect(end.state).toBe("cancelled");
});

test("a session ends when it is deleted", async () => {
  const { login, password } = account;
  const begun = await fetch(`${maru.url}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login, password }),
  });
  const cookie = begun.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");
  const headers = { Cookie: cookie, "X-Maru-CSRF": "1" };
  const me = async () => (await fetch(`${maru.url}/api/v1/me`, { headers })).status;
  expect(await me()).toBe(200);
  const ended = await fetch(`${maru.url}/api/v1/session`, { method: "DELETE", headers });
  expect(ended.status).toBe(204);
  expect(await me()).toBe(401);
});
