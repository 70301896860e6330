/** WebSockets by requests, as a program asks for them: whose they are, what is refused, and that those of a box are heard together. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";
import { createTerminal } from "./terminal.ts";

const student = new Client(newStudent("polls"));
const another = new Client(newStudent("polls2"));
const BOX = "/api/v1/polls/a-box";
const open = (path: string, of = student) => of.ask("POST", `${BOX}/sockets`, { json: { path } });
const stream = async (command: string) =>
  `/workspace/terminals/${await createTerminal(student, command)}/stream`;

let sockets: number[] = [];

beforeAll(() => student.workspaceReady());
afterAll(() => Promise.all(sockets.map((socket) => student.ask("DELETE", `${BOX}/sockets/${socket}`))));

test("what is no WebSocket is refused, and what is refused is so in its own words", async () => {
  expect(await student.status("GET", BOX)).toBe(404);
  expect((await open("/workspace/terminals")).status).toBe(400);
  expect((await open("workspace/terminals")).status).toBe(400);
  const gone = await open("/workspace/terminals/none/stream");
  expect([gone.status, ((await gone.json()) as { code: string }).code]).toEqual([404, "no_terminal"]);
  expect(await student.status("GET", BOX)).toBe(404);
});

test("the sockets of a box are heard by one request, and by nobody else", async () => {
  const paths = [await stream("echo first-one; sleep 60"), await stream("echo second-one; sleep 60")];
  for (const path of paths) {
    const answer = await open(path);
    expect(answer.status).toBe(201);
    sockets.push(((await answer.json()) as { socket: number }).socket);
  }
  expect(await another.status("GET", BOX)).toBe(404);
  expect(await another.status("DELETE", `${BOX}/sockets/${sockets[0]}`)).toBe(404);
  let heard = "";
  await eventually("both are heard", 30, async () => {
    heard += await (await student.ask("GET", BOX)).text();
    return heard.includes("first-one") && heard.includes("second-one");
  });
  expect(await student.status("POST", BOX, { body: "<html>" })).toBe(400);
  for (const socket of sockets) expect(await student.status("DELETE", `${BOX}/sockets/${socket}`)).toBe(204);
  expect(await student.status("DELETE", `${BOX}/sockets/${sockets[0]}`)).toBe(404);
  sockets = [];
});
