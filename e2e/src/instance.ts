/** The Maru that is tested: what `./up` wrote about it, and the commands that work on it. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Account {
  login: string;
  password: string;
  token: string;
}

export interface Student extends Account {
  namespace: string;
}

interface UpJson {
  url: string;
  data: string;
  registry: string;
  admin: Account;
  instructor: Account;
  student: Student;
  app_url: string;
}

export const root = fileURLToPath(new URL("../..", import.meta.url));
/** Where ./up wrote about it. */
export const upJson = process.env.MARU_UP_JSON ?? `${root}target/up.json`;

export const maru: UpJson = JSON.parse(readFileSync(upJson, "utf8"));

/** The id in the names and labels of everything that this Maru has in Docker. */
export const instanceId = readFileSync(`${maru.data}/instance`, "utf8").trim();

export const serverPid = (): number => Number(readFileSync(`${maru.data}/maru.pid`, "utf8"));

export function docker(...args: string[]): string {
  return execFileSync("docker", args, { encoding: "utf8" }).trim();
}

export const program = process.env.MARU_PROGRAM ?? `${root}target/release/maru`;

/** Runs `maru` on this installation's data, with `input` as its standard input. */
export const command = (input: string, ...args: string[]): string => commandOn(maru.data, input, ...args);

function commandOn(data: string, input: string, ...args: string[]): string {
  const env = { ...process.env, MARU_DATA: data };
  return execFileSync(program, args, { encoding: "utf8", input, env }).trim();
}

/** A student of this test's own, so that no test sees what another one left behind. */
export function newStudent(name: string, data = maru.data): Student {
  const login = `${name}-${randomBytes(3).toString("hex")}`;
  const password = randomBytes(12).toString("base64url");
  commandOn(data, password, "user", "add", login, "--role", "student", "--password-stdin");
  const token = commandOn(data, "", "token", "create", login);
  return { login, password, token, namespace: `u-${login}` };
}
