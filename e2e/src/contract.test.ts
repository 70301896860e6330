/** What the server answers, held against its own OpenAPI document: every GET, as admin, instructor, student and nobody. */
import Ajv2020, { type ValidateFunction } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { Client } from "./client.ts";
import { maru, newStudent } from "./instance.ts";
import { run } from "./terminal.ts";

type Json = Record<string, unknown>;
interface Operation {
  security?: unknown[];
  description?: string;
  parameters?: { name: string; in: string; required: boolean }[];
  responses: Record<string, { content?: Record<string, { schema: Json }> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Json; securitySchemes: Json };
}

const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];
const account = newStudent("contract");
const student = new Client(account);
const admin = new Client(maru.admin);
const instructor = new Client(maru.instructor);
let document: Document;
let ajv: Ajv2020;

beforeAll(async () => {
  document = (await (await fetch(`${maru.url}/openapi.json`)).json()) as Document;
  ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, "maru");
  await student.workspaceReady();
  await run(student, "true");
});

/** The schema of an answer, by its place in the document. */
function schemaOf(
  path: string,
  method: string,
  status: number,
  medium: string,
): ValidateFunction | undefined {
  const answer = document.paths[path]?.[method]?.responses[status];
  if (!answer?.content?.[medium]) return undefined;
  const escaped = path.replaceAll("~", "~0").replaceAll("/", "~1");
  const escapedMedium = medium.replaceAll("/", "~1");
  return ajv.compile({
    $ref: `maru#/paths/${escaped}/${method}/responses/${status}/content/${escapedMedium}/schema`,
  });
}

function expectValid(validate: ValidateFunction | undefined, body: unknown, what: string) {
  expect(validate, `${what} is in the document`).toBeDefined();
  expect(validate?.(body), `${what}: ${ajv.errorsText(validate?.errors)}\n${JSON.stringify(body)}`).toBe(
    true,
  );
}

test("the document is OpenAPI 3.1 with both ways to say who calls", () => {
  expect(document.openapi).toMatch(/^3\.1/);
  expect(Object.keys(document.components.securitySchemes)).toEqual(["bearer", "session"]);
  expect(Object.keys(document.paths).length).toBeGreaterThan(100);
});

/** What is put in for parameters; paths with others need something that is not there, and are asked elsewhere. */
const VALUES: Record<string, string> = { login: account.login, path: "guestbook/README.md" };
/** Streams without end, upgrades, and what another program's answer is. */
const NOT_JSON = /events$|\/stream$|\/watch$|\/open$|^\/k8s|^\/git|\/metrics$|\/search$/;

describe("every GET answers as the document says", () => {
  for (const [who, client] of [
    ["an administrator", admin],
    ["an instructor", instructor],
    ["a student", student],
  ] as const) {
    test(who, async () => {
      let asked = 0;
      for (const [path, methods] of Object.entries(document.paths)) {
        const operation = methods.get;
        const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
        const known = names.every((name) => VALUES[name] !== undefined);
        if (!operation || !known || NOT_JSON.test(path)) continue;
        // Staff have no workspace here that these could be asked of.
        if (client !== student && path.startsWith("/api/v1/workspace/")) continue;
        let at = path;
        for (const name of names) at = at.replace(`{${name}}`, VALUES[name] ?? "");
        const query = (operation.parameters ?? []).filter((p) => p.in === "query" && p.required);
        if (query.length > 0) at += `?${query.map(({ name }) => `${name}=README.md`).join("&")}`;
        if (path.startsWith("/api/v1/workspace/tree/{")) at = "/api/v1/workspace/tree/guestbook";
        const answer = await client.ask("GET", at);
        const medium = answer.headers.get("content-type")?.split(";")[0] ?? "";
        const what = `GET ${at}: ${answer.status} ${medium}`;
        if (medium === "application/json") {
          expectValid(schemaOf(path, "get", answer.status, medium), await answer.json(), what);
          asked++;
        } else if (answer.status >= 400) {
          expect(medium, what).toBe("application/problem+json");
          const problem = ajv.compile({ $ref: "maru#/components/schemas/Problem" });
          expectValid(problem, await answer.json(), what);
          expect([403, 404, 409], what).toContain(answer.status);
        } else {
          expect(operation.responses[answer.status], what).toBeDefined();
          await answer.body?.cancel();
        }
      }
      expect(asked).toBeGreaterThan(10);
    });
  }
});

test("nobody gets nothing but what is for anyone", async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((name) => methods[name])) {
      const open = methods[method]?.security?.length === 0;
      // From this machine anybody may read the metrics.
      if (open || path === "/metrics") continue;
      const at = path.replaceAll(/\{\w+\}/g, "x");
      const answer = await fetch(maru.url + at, { method: method.toUpperCase(), redirect: "manual" });
      await answer.body?.cancel();
      expect(answer.status, `${method} ${path}`).toBe(401);
    }
  }
});

test("what is for staff is not for students, and what is for administrators not for instructors", async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((name) => methods[name])) {
      const description = methods[method]?.description ?? "";
      const refused = description.startsWith("For administrators")
        ? [student, instructor]
        : description.startsWith("For instructors")
          ? [student]
          : [];
      const at = path.replaceAll(/\{\w+\}/g, "x");
      for (const client of refused) {
        const json = ["get", "delete", "head"].includes(method) ? undefined : {};
        const status = await client.status(method.toUpperCase(), at, { json });
        // 4xx for a body that is none: refused as well, whoever sends it.
        expect(status, `${method} ${path} as ${client.account.login}`).toBeGreaterThanOrEqual(400);
        expect(status, `${method} ${path} as ${client.account.login}`).toBeLessThan(500);
      }
    }
  }
});

test("the router knows the methods that the document tells, and no others", async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    if (path.startsWith("/k8s") || path.startsWith("/git")) continue;
    const at = path.replaceAll(/\{\w+\}/g, "x");
    const answer = await student.ask("TRACE-ISH", at);
    await answer.body?.cancel();
    // Paths that the agent answers itself are known to it alone.
    if (answer.status !== 405) continue;
    const allowed = (answer.headers.get("allow") ?? "")
      .toLowerCase()
      .split(",")
      .filter((m) => m && m !== "head");
    const told = Object.keys(methods).filter((m) => m !== "parameters" && m !== "head");
    expect(allowed.toSorted(), path).toEqual(told.toSorted());
  }
});

describe("/metrics", () => {
  test("is for this machine, and elsewhere for administrators", async () => {
    const local = await fetch(`${maru.url}/metrics`);
    expect(local.status).toBe(200);
    expect(local.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    // As through a proxy on this machine.
    const forwarded = { headers: { "X-Forwarded-For": "192.0.2.1" } };
    expect((await fetch(`${maru.url}/metrics`, forwarded)).status).toBe(401);
    expect(await student.status("GET", "/metrics", forwarded)).toBe(403);
    expect(await admin.status("GET", "/metrics", forwarded)).toBe(200);
    // Programs in a workspace come from nowhere.
    const inside = await run(student, `curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:7070/metrics`);
    expect(inside).toContain("403");
  });

  test("counts what happens, by route and not by path", async () => {
    await student.status("GET", "/api/v1/workspace/tree/guestbook");
    await student.status("GET", "/api/v1/nowhere/at/all");
    const text = await (await fetch(`${maru.url}/metrics`)).text();
    const value = (start: string) => {
      const line = text.split("\n").find((each) => each.startsWith(start));
      return line ? Number(line.split(" ").at(-1)) : undefined;
    };
    const tree = 'route="/api/v1/workspace/tree/{*path}"';
    expect(value(`maru_http_requests_total{method="GET",${tree},status="200"}`)).toBeGreaterThan(0);
    expect(value(`maru_http_request_seconds_count{method="GET",${tree}}`)).toBeGreaterThan(0);
    expect(value('maru_workspaces{state="ready"}')).toBeGreaterThan(0);
    expect(value("maru_terminals")).toBeDefined();
    expect(value('maru_users{role="student"}')).toBeGreaterThan(0);
    expect(value("maru_workspace_start_seconds_count")).toBeGreaterThan(0);
    expect(value("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
    expect(text).not.toContain(account.login);
  });
});

test("files of the page are kept by a browser for as long as their names are theirs", async () => {
  const page = await (await student.ask("GET", "/ide")).text();
  const script = page.match(/\/assets\/index-[^"]+\.js/)?.[0] ?? "";
  const how = async (path: string) => (await fetch(maru.url + path)).headers.get("cache-control");
  expect(await how(script)).toBe("public, max-age=31536000, immutable");
  for (const path of ["/assets/pages.css", "/assets/index-AAAAAAAA.js"])
    expect(await how(path)).toBe("no-cache");
});
