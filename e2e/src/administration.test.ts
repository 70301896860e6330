/** People, classes, rosters, the log and settings, through the API as administrator, instructor and student. */
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { command, docker, instanceId, maru, newStudent } from "./instance.ts";

const admin = new Client(maru.admin);
const instructor = new Client(maru.instructor);
const mark = randomBytes(3).toString("hex");

interface Person {
  id: string;
  login: string;
  name: string;
  role: string;
  disabled: boolean;
  password_change_due: boolean;
  classes: { id: string; name: string; role: string }[];
  password?: string;
}
interface Class {
  id: string;
  name: string;
  students: number;
  archived: boolean;
}
interface RosterResult {
  counts: Record<string, number>;
  encoding: string;
  results: { row: number; login: string; name: string; result: string; password?: string; detail?: string }[];
}

const logIn = (login: string, password: string) =>
  fetch(`${maru.url}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login, password }),
  });
const tokenOf = (login: string, password = "") =>
  new Client({ login, password, token: command("", "token", "create", login) });
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;

let demo: string;

beforeAll(async () => {
  const { classes } = await instructor.json<{ classes: Class[] }>("GET", "/api/v1/admin/classes?q=demo");
  demo = classes.find(({ name }) => name === "demo")?.id ?? "";
  expect(demo).not.toBe("");
});

describe("people", () => {
  const login = `person-${mark}`;

  test("are made with a one-time password, which is told once and asked to be changed", async () => {
    const answer = await admin.ask("POST", "/api/v1/admin/users", {
      json: { login, name: "한 사람", classes: [demo] },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(`/api/v1/admin/users/${login}`);
    const made = (await answer.json()) as Person;
    expect(made).toMatchObject({ login, name: "한 사람", role: "student", password_change_due: true });
    expect(made.classes).toMatchObject([{ id: demo, name: "demo", role: "student" }]);
    const shown = await admin.json<Person>("GET", `/api/v1/admin/users/${login}`);
    expect(shown.password).toBeUndefined();
    expect((await logIn(login, made.password ?? "")).status).toBe(204);
    expect(await codeOf(await admin.ask("POST", "/api/v1/admin/users", { json: { login } }))).toBe(
      "login_taken",
    );

    // The login page leads to where another is chosen.
    const form = new URLSearchParams({ login, password: made.password ?? "", next: "/ide" });
    const page = await fetch(`${maru.url}/login`, { method: "POST", body: form, redirect: "manual" });
    expect(page.headers.get("location")).toBe("/account");
    const person = tokenOf(login);
    const change = (current: string, next: string) =>
      person.status("PUT", "/api/v1/me/password", { json: { current, new: next } });
    expect(await change("wrong", "my own password")).toBe(403);
    expect(await change(made.password ?? "", "short")).toBe(400);
    expect(await change(made.password ?? "", "my own password")).toBe(204);
    expect(await person.json("GET", "/api/v1/me")).toMatchObject({ password_change_due: false });
    expect((await logIn(login, made.password ?? "")).status).toBe(401);
    expect((await logIn(login, "my own password")).status).toBe(204);
  });

  test("get a new password, and their sessions end", async () => {
    const cookie = (await logIn(login, "my own password")).headers.get("set-cookie")?.split(";")[0] ?? "";
    const me = () => fetch(`${maru.url}/api/v1/me`, { headers: { Cookie: cookie } });
    expect((await me()).status).toBe(200);
    const { password } = await instructor.json<Person>("POST", `/api/v1/admin/users/${login}/password`);
    expect((await me()).status).toBe(401);
    expect((await logIn(login, password ?? "")).status).toBe(204);
  });

  test("are disabled: no login, no token, the workspace stops; and enabled again", async () => {
    const person = tokenOf(login);
    await person.workspaceReady();
    const { password } = await admin.json<Person>("POST", `/api/v1/admin/users/${login}/password`);
    const change = (json: object) =>
      instructor.json<Person>("PATCH", `/api/v1/admin/users/${login}`, { json });
    expect(await change({ disabled: true })).toMatchObject({ disabled: true });
    expect(await person.status("GET", "/api/v1/me")).toBe(401);
    expect((await logIn(login, password ?? "")).status).toBe(403);
    expect((await logIn(login, "wrong")).status).toBe(401);
    await eventually("the workspace has stopped", 30, async () => {
      const user = await admin.json<{ workspace: { state: string } }>("GET", `/api/v1/admin/users/${login}`);
      return user.workspace.state === "stopped";
    });
    await change({ disabled: false });
    expect(await person.status("GET", "/api/v1/me")).toBe(200);
  });

  test("are in the hands of instructors only as far as they are in their classes alone", async () => {
    const other = await admin.json<Class>("POST", "/api/v1/admin/classes", {
      json: { name: `other ${mark}` },
    });
    const stranger = newStudent("stranger");
    expect(await instructor.status("GET", `/api/v1/admin/users/${stranger.login}`)).toBe(404);
    await admin.json("PUT", `/api/v1/admin/classes/${other.id}/members/${login}`);
    const patch = (client: Client, name: string, json: object) =>
      client.status("PATCH", `/api/v1/admin/users/${name}`, { json });
    expect(await patch(instructor, login, { name: "x" })).toBe(403);
    expect(await instructor.status("POST", `/api/v1/admin/users/${login}/password`)).toBe(403);
    expect(await instructor.status("GET", `/api/v1/admin/users/${login}`)).toBe(200);
    await admin.json("DELETE", `/api/v1/admin/classes/${other.id}/members/${login}`);
    expect(await patch(instructor, login, { name: "x" })).toBe(200);
    expect(await patch(instructor, login, { role: "admin" })).toBe(403);
    expect(await patch(instructor, "admin", { name: "x" })).toBe(404);
    expect(await patch(admin, login, { role: "king" })).toBe(422);
    for (const json of [
      { login: `i-${mark}`, role: "instructor", classes: [demo] },
      { login: `i-${mark}` },
    ]) {
      expect(await instructor.status("POST", "/api/v1/admin/users", { json })).toBe(403);
    }
    const foreign = { login: `i-${mark}`, classes: [other.id] };
    expect(await instructor.status("POST", "/api/v1/admin/users", { json: foreign })).toBe(404);
    expect(await tokenOf(login).status("GET", `/api/v1/admin/users/${login}`)).toBe(403);
  });

  test("the last administrator stays one", async () => {
    for (const json of [{ role: "student" }, { disabled: true }]) {
      expect(await codeOf(await admin.ask("PATCH", "/api/v1/admin/users/admin", { json }))).toBe(
        "last_admin",
      );
    }
    const gone = await admin.ask("DELETE", "/api/v1/admin/users/admin?confirm=admin");
    expect(await codeOf(gone)).toBe("last_admin");
    expect(await admin.status("GET", "/api/v1/me")).toBe(200);
  });

  test("go with everything that is theirs, once that is confirmed", async () => {
    const path = `/api/v1/admin/users/${login}`;
    expect(await instructor.status("DELETE", `${path}?confirm=${login}`)).toBe(403);
    const asked = await admin.ask("DELETE", path);
    expect(asked.status).toBe(409);
    expect(await asked.json()).toMatchObject({
      code: "confirm",
      goes: { workspace: true, projects: ["guestbook"], app: false, namespace: `u-${login}` },
    });
    const volumes = () =>
      docker("volume", "ls", "--quiet", "--filter", `name=maru-${instanceId}-home-${login}`);
    expect(volumes()).not.toBe("");
    expect(await admin.status("DELETE", `${path}?confirm=${login}`)).toBe(204);
    expect(await admin.status("GET", path)).toBe(404);
    expect(volumes()).toBe("");
    expect(docker("ps", "--all", "--quiet", "--filter", `name=maru-${instanceId}-ws-${login}`)).toBe("");
    // The login is free again, and begins anew.
    await admin.json("POST", "/api/v1/admin/users", { json: { login } });
    expect(await admin.status("DELETE", `${path}?confirm=${login}`)).toBe(204);
  });

  test("page and are searched", async () => {
    const names: string[] = [];
    let cursor: string | null = "";
    do {
      const page: { users: Person[]; cursor: string | null } = await admin.json(
        "GET",
        `/api/v1/admin/users?limit=2&cursor=${cursor}`,
      );
      names.push(...page.users.map(({ login: name }) => name));
      cursor = page.cursor;
    } while (cursor);
    expect(names).toEqual([...new Set(names)].toSorted());
    expect(names).toEqual(expect.arrayContaining(["admin", "instructor", "student"]));
    const found = await admin.json<{ users: Person[] }>("GET", "/api/v1/admin/users?q=INSTRUCT");
    expect(found.users.map(({ login: name }) => name)).toContain("instructor");
  });
});

describe("classes", () => {
  test("are made, renamed, archived and removed by those who may", async () => {
    const name = `class ${mark}`;
    expect(await instructor.status("POST", "/api/v1/admin/classes", { json: { name } })).toBe(403);
    const made = await admin.json<Class>("POST", "/api/v1/admin/classes", { json: { name } });
    const path = `/api/v1/admin/classes/${made.id}`;
    expect(await codeOf(await admin.ask("POST", "/api/v1/admin/classes", { json: { name } }))).toBe(
      "name_taken",
    );
    expect(await instructor.status("GET", path)).toBe(404);
    await admin.json("POST", `${path}/members`, { json: { login: "instructor" } });
    expect(await instructor.json("GET", path)).toMatchObject({ name, students: 0, instructors: 1 });
    const student = newStudent("member");
    const add = { json: { login: student.login } };
    expect(await instructor.json("POST", `${path}/members`, add)).toMatchObject({ role_in_class: "student" });
    const promote = await admin.ask("PUT", `${path}/members/${student.login}`, {
      json: { role: "instructor" },
    });
    expect(await codeOf(promote)).toBe("not_an_instructor");
    expect(await instructor.status("DELETE", `${path}/members/instructor`)).toBe(403);

    const seen = () => instructor.status("GET", `/api/v1/admin/users/${student.login}`);
    expect(await seen()).toBe(200);
    await instructor.json("PATCH", path, { json: { name: `${name} 2`, archived: true } });
    expect(await seen()).toBe(404);
    expect(await codeOf(await instructor.ask("POST", `${path}/members`, add))).toBe("class_archived");
    await instructor.json("PATCH", path, { json: { archived: false } });
    expect(await seen()).toBe(200);

    expect(await instructor.status("DELETE", path)).toBe(403);
    expect(await codeOf(await admin.ask("DELETE", path))).toBe("confirm");
    expect(await admin.status("DELETE", `${path}?confirm=${encodeURIComponent(`${name} 2`)}`)).toBe(204);
    expect(await admin.status("GET", path)).toBe(404);
    expect(await admin.status("GET", `/api/v1/admin/users/${student.login}`)).toBe(200);
  });
});

describe("rosters", () => {
  const numbers = [1, 2, 3].map((n) => `2026${mark.replaceAll(/\D/g, "0")}${n}`);
  const send = (body: BodyInit, query = "", client = instructor) =>
    client.json<RosterResult>("POST", `/api/v1/admin/classes/${demo}/roster${query}`, { body });

  test("a dry run changes nothing; an import is done once; each row says what came of it", async () => {
    const csv = `\uFEFF학번;이름\n${numbers[0]};김하나\n${numbers[1]};이둘\n;없음\n${numbers[0]};또\n`;
    const dry = await send(csv, "?dry_run=1");
    expect(dry.counts).toEqual({ created: 2, added: 0, unchanged: 0, error: 2 });
    expect(dry.results.every(({ password }) => password === undefined)).toBe(true);
    expect(await admin.status("GET", `/api/v1/admin/users/s${numbers[0]}`)).toBe(404);

    const real = await send(csv);
    expect(real.results.map(({ row, login, result }) => [row, login, result])).toEqual([
      [2, `s${numbers[0]}`, "created"],
      [3, `s${numbers[1]}`, "created"],
      [4, "", "error"],
      [5, numbers[0], "error"],
    ]);
    expect((await logIn(`s${numbers[0]}`, real.results[0]?.password ?? "")).status).toBe(204);
    const again = await send(csv);
    expect(again.counts).toEqual({ created: 0, added: 0, unchanged: 2, error: 2 });
    expect((await logIn(`s${numbers[0]}`, real.results[0]?.password ?? "")).status).toBe(204);
  });

  test("as Korean Windows saves them", async () => {
    // "학번,이름" and "박셋" in CP949.
    const head = Buffer.from([0xc7, 0xd0, 0xb9, 0xf8, 0x2c, 0xc0, 0xcc, 0xb8, 0xa7, 0x0d, 0x0a]);
    const name = Buffer.from([0xb9, 0xda, 0xbc, 0xc2, 0x0d, 0x0a]);
    const done = await send(Buffer.concat([head, Buffer.from(`${numbers[2]},`), name]));
    expect(done).toMatchObject({ encoding: "CP949", results: [{ name: "박셋", result: "created" }] });
  });

  test("who is there is added, and what is no roster is refused", async () => {
    const { login } = newStudent("rostered");
    expect((await send(`login,name\n${login},x\n`)).counts).toMatchObject({ added: 1 });
    expect((await send("login\nadmin\n")).results[0]).toMatchObject({ result: "unchanged" });
    const path = `/api/v1/admin/classes/${demo}/roster`;
    const refused = await instructor.ask("POST", path, { body: "name,mail\nx,y\n" });
    expect([refused.status, await codeOf(refused)]).toEqual([422, "bad_roster"]);
    expect(await tokenOf(login).status("POST", path, { body: "login\nx1\n" })).toBe(403);
  });
});

test("what staff do is in the log, and the student can see it", async () => {
  const account = newStudent("audited");
  const student = new Client(account);
  await admin.json("PUT", `/api/v1/admin/classes/${demo}/members/${account.login}`);
  await instructor.json("POST", `/api/v1/admin/users/${account.login}/password`);
  interface Entries {
    entries: { actor: string; subject: string; action: string; text: string }[];
  }
  const mine = await student.json<Entries>("GET", "/api/v1/me/audit", {
    headers: { "Accept-Language": "ko" },
  });
  expect(mine.entries[0]).toMatchObject({
    actor: "instructor",
    subject: account.login,
    action: "user.password",
    text: "새 비밀번호를 발급함",
  });
  const all = await admin.json<Entries>("GET", `/api/v1/admin/audit?q=${account.login}&limit=1`);
  expect(all.entries).toMatchObject([{ action: "user.password" }]);
  expect(await student.status("GET", "/api/v1/admin/audit")).toBe(403);
});

test("usage: of workspaces, classes, the machine and the cluster, as far as one may see", async () => {
  interface Usage {
    machine: { cpus: number; memory: number; disk: number } | null;
    cluster: { state: string; cpu_capacity: number } | null;
    classes: { name: string; members: number }[];
  }
  const all = await admin.json<Usage>("GET", "/api/v1/admin/usage");
  expect(all.machine?.memory).toBeGreaterThan(1 << 28);
  expect(all.cluster).toMatchObject({ state: "ready" });
  expect(all.cluster?.cpu_capacity).toBeGreaterThan(0);
  expect(all.classes.map(({ name }) => name)).toContain("demo");
  const seen = await instructor.json<Usage>("GET", "/api/v1/admin/usage");
  expect([seen.machine, seen.cluster]).toEqual([null, null]);
});

test("settings act at once and are taken back with null", async () => {
  const set = (json: object) => admin.json("PATCH", "/api/v1/admin/settings", { json });
  const cookieDays = async () => {
    const cookie = (await logIn("student", maru.student.password)).headers.get("set-cookie") ?? "";
    return Number(/Max-Age=(\d+)/.exec(cookie)?.[1]) / 86_400;
  };
  const detail = async () =>
    ((await (await fetch(`${maru.url}/api/v1/me`)).json()) as { detail: string }).detail;
  expect(await instructor.status("GET", "/api/v1/admin/settings")).toBe(403);
  try {
    await set({ session_days: 3, language: "ko", idle_stop_minutes: 30 });
    expect(await cookieDays()).toBe(3);
    // Node's fetch asks for any language.
    expect(await detail()).toContain("로그인");
    expect(await admin.status("PATCH", "/api/v1/admin/settings", { json: { session_days: 0 } })).toBe(400);
    expect(await admin.status("PATCH", "/api/v1/admin/settings", { json: { nonsense: 1 } })).toBe(422);
  } finally {
    await set({ session_days: null, language: null, idle_stop_minutes: null });
  }
  expect(await cookieDays()).toBe(14);
});
