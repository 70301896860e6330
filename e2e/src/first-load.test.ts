/** A page of which a part does not arrive is loaded again, and says so where that is in vain. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, logIn, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { maru, newStudent } from "./instance.ts";

const account = newStudent("load");
const PROGRAM = /\/assets\/index-[^/]+\.js$/;
const STYLE = /\/assets\/index-[^/]+\.css$/;

let browser: Browser;
let page: Page;

beforeAll(async () => {
  await new Client(account).workspaceReady();
  browser = await launch();
  page = await logIn(browser, account);
});

afterAll(() => browser?.close());

const rows = () => page.getByTestId("file-tree").locator("[data-path]");

test.each([
  ["program", PROGRAM],
  ["style sheet", STYLE],
])("a %s that is lost twice is asked for again", async (_part, pattern) => {
  let lost = 0;
  await page.route(pattern, (route) => {
    lost += 1;
    return lost > 2 ? route.continue() : route.abort("internetdisconnected");
  });
  await page.goto(`${maru.url}/ide`);
  await expect.poll(() => lost).toBe(3);
  await rows().first().waitFor();
  expect(await page.getByText("could not be loaded").isVisible()).toBe(false);
  await page.unroute(pattern);
});

test("lists that are lost are asked for again", async () => {
  const lost = new Set<string>();
  const pattern = /\/api\/v1\/(me|workspace\/tree\/.*)$/;
  await page.route(pattern, (route) => {
    const path = new URL(route.request().url()).pathname;
    if (lost.has(path)) return route.continue();
    lost.add(path);
    return route.abort("internetdisconnected");
  });
  await page.goto(`${maru.url}/ide`);
  await rows().first().waitFor();
  expect(lost).toContain("/api/v1/me");
  expect(lost).toContain("/api/v1/workspace/tree/guestbook");
  await page.unroute(pattern);
});

test("what stays lost is told, in both languages, with a way on", async () => {
  await page.route(PROGRAM, (route) => route.abort("internetdisconnected"));
  await page.goto(`${maru.url}/ide`);
  const told = page.locator("#unloaded");
  await told.waitFor({ timeout: 20 * SECOND });
  expect(await told.innerText()).toMatch(/Your files are safe[\s\S]*파일은 안전합니다/);
  await page.unroute(PROGRAM);
  await told.getByRole("link").click();
  await rows().first().waitFor();
});
