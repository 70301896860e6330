/** The program itself, run by hand where a class is kept: what it prints, and the code with which it ends. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { maru, program, root } from "./instance.ts";

const folder = mkdtempSync(join(tmpdir(), "maru-program-"));
const project = join(folder, "guestbook");
const env = { ...process.env, MARU_DATA: maru.data };
const run = (...args: string[]) => spawnSync(program, args, { encoding: "utf8", env, timeout: 60_000 });

interface Checked {
  ok: boolean;
  diagnostics: {
    severity: string;
    code: string;
    message: string;
    file: string;
    line: number;
    column: number;
  }[];
  objects: { api_version: string; kind: string; name: string; namespace: string | null }[];
}

/** The starter project as a student gets it. */
beforeAll(() => {
  cpSync(join(root, "templates/guestbook"), project, { recursive: true });
  for (const name of readdirSync(join(project, "k8s"))) {
    const text = readFileSync(join(project, "k8s", name), "utf8");
    const own = text.replaceAll("{{login}}", "kim").replaceAll("{{apps_domain}}", "apps.localhost");
    writeFileSync(join(project, "k8s", name), own);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("maru check", () => {
  test("ends with 0 where nothing is wrong, and names what is there", () => {
    const { status, stdout } = run("check", "--format", "json", project);
    expect(status, stdout).toBe(0);
    const { ok, objects } = JSON.parse(stdout) as Checked;
    expect(ok).toBe(true);
    expect(objects).toContainEqual(expect.objectContaining({ kind: "StatefulSet", name: "guestbook-db" }));
  });

  test("ends with 1 where something is wrong, and says where, in either form and language", () => {
    const file = join(project, "k8s/web.yaml");
    const good = readFileSync(file, "utf8");
    writeFileSync(file, good.replace("containers:", "contianers:"));
    const line = good.split("\n").findIndex((each) => each.includes("containers:")) + 1;
    const json = run("check", "--format", "json", project);
    expect(json.status).toBe(1);
    const { ok, diagnostics } = JSON.parse(json.stdout) as Checked;
    expect(ok).toBe(false);
    expect(diagnostics).toContainEqual(
      expect.objectContaining({ severity: "error", file: "k8s/web.yaml", line, column: 7 }),
    );
    const text = run("check", project);
    expect(text.status).toBe(1);
    expect(text.stdout).toContain(`k8s/web.yaml:${line}:7`);
    expect(text.stdout).toContain("contianers");
    writeFileSync(file, good);
  });

  test("ends with 2 where the folder cannot be read, and says so", () => {
    const { status, stderr } = run("check", join(folder, "nothing"));
    expect(status).toBe(2);
    expect(stderr).toContain(join(folder, "nothing"));
  });
});

test("maru doctor looks at an installation that runs, and names each thing with its fix", () => {
  const { status, stdout } = run("doctor");
  // 1: something here is not as it should be, such as a runc that is older than wanted.
  expect([0, 1]).toContain(status);
  expect(stdout).toMatch(/Docker/);
  expect(stdout.split("\n").length).toBeGreaterThan(5);
});

test("what is no command is refused, with what there is", () => {
  const { status, stderr } = run("chek");
  expect(status).toBe(2);
  expect(stderr).toContain("check");
});
