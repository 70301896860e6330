/**
 * An application whose manifests are in a repository elsewhere: a real git server with https and a certificate of its own, at a
 * private address, as a school has it. The server is told of both by MARU_GIT_HOSTS and MARU_GIT_CA.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { app, Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent, type Student } from "./instance.ts";
import { Server } from "./server.ts";
import { deployment, ingress, service, yaml } from "./team.ts";

const HOST = "git.school.test";
const folder = mkdtempSync(join(tmpdir(), "maru-school-"));
const bare = join(folder, "shop.git");
const clone = join(folder, "clone");
const ours = new Server();

let school: HttpsServer;
let account: Student;
let student: Client;

const git = (...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=e2e", "-c", "user.email=e2e@example.org", ...args], {
    encoding: "utf8",
    stdio: "pipe",
  }).trim();

/** Pushes a version there; its commit. */
function push(version: string): string {
  mkdirSync(join(clone, "deploy"), { recursive: true });
  const objects = [
    deployment(version, 1),
    service("web"),
    ingress("web", `${account.login}.apps.localhost`, "web"),
  ];
  writeFileSync(join(clone, "deploy", "app.yaml"), yaml(objects));
  git("-C", clone, "add", "--all");
  git("-C", clone, "commit", "--quiet", "--message", version);
  git("-C", clone, "push", "--quiet", "origin", "HEAD:main");
  return git("-C", clone, "rev-parse", "HEAD");
}

/** `git http-backend` behind node's own https; its address. */
async function open(): Promise<string> {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "ca.pem")];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`];
  execFileSync("openssl", ["req", "-x509", ...made, ...names, "-keyout", key, "-out", cert], {
    stdio: "pipe",
  });
  school = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "https://x");
    const env = {
      PATH: process.env.PATH ?? "",
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    };
    const backend = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "ignore"] });
    request.pipe(backend.stdin);
    const pieces: Buffer[] = [];
    backend.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    backend.on("close", () => {
      const said = Buffer.concat(pieces);
      const end = said.indexOf("\r\n\r\n");
      const headers = said.subarray(0, end).toString().split("\r\n");
      for (const header of headers) {
        const [name = "", value = ""] = header.split(": ", 2);
        if (name === "Status") response.statusCode = Number(value.slice(0, 3));
        else response.setHeader(name, value);
      }
      response.end(said.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => school.listen(0, "127.0.0.1", resolve));
  return `https://${HOST}:${(school.address() as AddressInfo).port}/shop.git`;
}

let url = "";
const source = (branch?: string) => ({ source: { url, ...(branch ? { branch } : {}) }, path: "deploy" });

beforeAll(async () => {
  git("init", "--quiet", "--bare", "--initial-branch", "main", bare);
  git("clone", "--quiet", bare, clone);
  url = await open();
  await ours.start({ MARU_GIT_HOSTS: `${HOST}=127.0.0.1`, MARU_GIT_CA: join(folder, "ca.pem") });
  // Pods pull it from there.
  await eventually("the base images are in the registry", 90, async () => ours.log().includes("base/python"));
  account = newStudent("source", ours.data);
  student = new Client(account, ours.url);
});

afterAll(async () => {
  await ours.sweep();
  await new Promise((resolve) => school.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test("an address that is not allowed, a login in it and a mixture are refused in words", async () => {
  for (const wrong of ["https://localhost/a.git", "http://github.com/a", "https://me:pw@github.com/a"]) {
    const answer = await student.ask("PUT", "/api/v1/app", { json: { source: { url: wrong } } });
    expect(answer.status, wrong).toBe(422);
    expect(await answer.json()).toMatchObject({ code: "bad_source", fix: expect.any(String) });
  }
  const both = { source: { url, project: "guestbook" } };
  expect(await student.status("PUT", "/api/v1/app", { json: both })).toBe(400);
  expect(await student.status("PUT", "/api/v1/app?fetch=1", { json: source("nowhere") })).toBe(409);
  expect(await student.json("GET", "/api/v1/app")).toMatchObject({ source: null });
});

test("a branch that is not there is told, and in Korean, and a push there refreshes nothing by itself", async () => {
  push("v1");
  await student.json("PUT", "/api/v1/app", { json: source("nowhere") });
  const headers = { "Accept-Language": "ko" };
  const answer = await student.ask("POST", "/api/v1/app/refresh", { headers });
  expect(answer.status).toBe(409);
  expect((await answer.json()).detail).toContain("`nowhere` 브랜치가 없습니다");
  const on = { json: { refresh_on_push: true } };
  const refused = await student.ask("PATCH", "/api/v1/app", on);
  expect([refused.status, (await refused.json()).code]).toEqual([409, "no_pushes"]);
});

test("Deploy takes what is there, without a workspace; a push and a refresh bring the next target", async () => {
  const first = push("v1b");
  const set = await student.json<object>("PUT", "/api/v1/app", { json: source() });
  expect(set).toMatchObject({ source: { url, branch: "main" }, path: "deploy", target: null });
  const plan = await student.json<object>("GET", "/api/v1/deployments/plan");
  expect(plan).toMatchObject({ commit: { source: { url }, from_workspace: false, head: first } });
  const done = await student.deploy("from elsewhere", 420);
  expect(done.state, JSON.stringify(done.steps, null, 2)).toBe("succeeded");
  expect(done.steps.find(({ name }) => name === "commit")?.detail).toContain(first.slice(0, 8));
  const at = `${new URL(ours.url).protocol}//${account.login}.apps.localhost:${new URL(ours.url).port}/`;
  await eventually("it answers", 60, async () => (await app(at)).body === "v1b");
  expect(await student.json("GET", "/api/v1/app")).toMatchObject({
    health: "healthy",
    current: { commit: first },
    target: { commit: first, state: "ready" },
  });

  const second = push("v2");
  expect(await student.json("POST", "/api/v1/app/refresh")).toMatchObject({ commit: second, state: "ready" });
  expect((await app(at)).body).toBe("v1b");

  // Where it is away, what runs goes on, and the error says so.
  await new Promise<void>((resolve) => {
    school.close(() => resolve());
    school.closeAllConnections();
  });
  const away = await student.ask("POST", "/api/v1/app/refresh");
  expect([away.status, (await away.json()).detail]).toEqual([
    409,
    expect.stringContaining("could not be reached"),
  ]);
  expect(await student.json("GET", "/api/v1/app")).toMatchObject({
    health: "healthy",
    target: { commit: second },
  });
});
