/** A proxy that holds event streams back: what they tell comes by requests instead. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("held");
const student = new Client(account);
const BOX = "/api/v1/polls/events-box";
const write = (path: string) =>
  student.status("PUT", `/api/v1/workspace/files/guestbook/${path}`, { body: "told" });

let browser: Browser;
let page: Page;

beforeAll(async () => {
  await student.workspaceReady();
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(() => browser?.close());

test("an event stream is had by requests, as its owner alone", async () => {
  const open = (json: object, of = student) => of.ask("POST", `${BOX}/sockets`, { json });
  // Without `events` it is asked for as a WebSocket, which it is not; and no other answer is a stream.
  expect((await open({ path: "/workspace/watch" })).status).toBe(400);
  expect((await open({ path: "/workspace", events: true })).status).toBe(400);
  expect((await open({ path: "/deployments/none/events", events: true })).status).toBe(404);
  const answer = await open({ path: "/workspace/watch", events: true });
  expect(answer.status).toBe(201);
  const { socket } = (await answer.json()) as { socket: number };
  await write("by-requests.txt");
  let heard = "";
  await eventually("the change is heard", 30, async () => {
    heard += await (await student.ask("GET", BOX)).text();
    return heard.includes("by-requests.txt");
  });
  expect(await new Client(newStudent("held2")).status("GET", BOX)).toBe(404);
  expect(await student.status("DELETE", `${BOX}/sockets/${socket}`)).toBe(204);
});

test("the page goes on by requests where its streams are held back", async () => {
  const context = page.context();
  let held = 0;
  await context.route(
    /\/api\/v1\/(workspace\/(events|watch|ports\/events)|deployments\/[^/]+\/events)$/,
    () => {
      held++;
    },
  );
  // This one ends, so that it comes after all: all of it at once.
  await context.route("**/api/v1/network/events", async (route) => {
    await route.fulfill({ response: await route.fetch() });
  });
  await page.reload();
  await page.locator('[data-path="guestbook/README.md"]').waitFor({ timeout: 60 * SECOND });
  await eventually("the streams are asked for", 10, async () => held >= 2);
  // The change is told to a page that has given the stream up; one before that is seen by nobody.
  let changes = 0;
  const seen = page.locator('[data-path^="guestbook/told-"]').first();
  await eventually("a change is seen", 60, async () => {
    await write(`told-${changes++}.txt`);
    return seen.isVisible();
  });
  await student.status("POST", "/api/v1/workspace/stop");
  await page.getByText("Your workspace is stopped").waitFor({ timeout: 60 * SECOND });
});
