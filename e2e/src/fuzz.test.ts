/** Every operation of the OpenAPI document with whatever fits it and what does not: schemathesis, as a student. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { maru, newStudent } from "./instance.ts";

// Where PyPI cannot be reached ./test has none.
const program = process.env.SCHEMATHESIS;
/** Streams without end, what ends the login that is used, and what another program answers. */
const LEFT_OUT =
  "^/k8s|^/git|/events$|/stream$|/watch$|/open$|/metrics|/session$|/shell$|/me/(password|tokens)";
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
];

const folder = mkdtempSync(join(tmpdir(), "maru-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!program)("whatever a student sends gets an answer that the document has", async () => {
  const account = newStudent("fuzz");
  await new Client(account).workspaceReady();
  const [code, said] = await new Promise<[number | null, string]>((resolve, reject) => {
    const run = spawn(
      program ?? "",
      [
        ...["run", `${maru.url}/openapi.json`, "--header", `Authorization: Bearer ${account.token}`],
        ...["--checks", CHECKS.join(","), "--exclude-path-regex", LEFT_OUT],
        // The same cases each time; the random ones are for who looks for more (docs/architecture.md).
        ...["--phases", "coverage", "--seed", "1", "--max-time", "120", "--request-timeout", "60"],
        ...["--continue-on-failure", "--no-color", "--warnings", "off"],
      ],
      { cwd: folder },
    );
    let text = "";
    run.stdout.on("data", (data) => (text += data));
    run.stderr.on("data", (data) => (text += data));
    run.on("error", reject);
    run.on("close", (code) => resolve([code, text]));
  });
  expect(code, said).toBe(0);
});
