/** An application that is deleted: its data stays unless it is asked otherwise, and is there again when it is deployed anew. */
import { beforeAll, expect, test } from "vitest";
import { app, Client, entries } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";

const student = new Client(newStudent("keeping"));

interface AppState {
  health: string;
  url: string | null;
  pods: unknown[];
}

const state = (): Promise<AppState> => student.json("GET", "/api/v1/app");
const write = (url: string, message: string) =>
  app(new URL("/api/entries", url).href, "POST", { author: "minji", message });

async function deploy(message: string): Promise<string> {
  const { state, url, steps } = await student.deploy(message);
  expect(state, JSON.stringify(steps)).toBe("succeeded");
  return url as string;
}

beforeAll(() => student.workspaceReady());

test("what was written is there again, and goes only when that is said", async () => {
  const url = await deploy("first");
  expect((await write(url, "kept")).status).toBe(201);
  expect(await entries(url)).toContain("kept");

  expect(await student.status("DELETE", "/api/v1/app")).toBe(204);
  expect((await state()).health).toBe("none");
  await eventually("nobody answers any more", 60, async () => (await app(url)).status === 404);
  expect((await student.ask("DELETE", "/api/v1/app")).status).toBe(404);

  expect(await deploy("again")).toBe(url);
  expect(await entries(url)).toContain("kept");

  expect(await student.status("DELETE", "/api/v1/app?data=delete")).toBe(204);
  expect(await deploy("anew")).toBe(url);
  expect(await entries(url)).not.toContain("kept");
}, 600_000);
