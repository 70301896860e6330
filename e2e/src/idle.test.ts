/** A workspace that nobody uses: what counts as use, who is told, and the hour more that its student asks for in the page. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent } from "./instance.ts";
import { enter, get, previewHost } from "./preview.ts";
import { run } from "./terminal.ts";

interface Workspace {
  state: string;
  idle_stop_at: string | null;
  keep_alive_until: string | null;
}

const PORT = 8000;
const account = newStudent("idle");
const student = new Client(account);
const admin = new Client(maru.admin);
const host = previewHost(PORT, account.login);

let browser: Browser;
let page: Page;

const idleAfter = (minutes: number | null) =>
  admin.json("PATCH", "/api/v1/admin/settings", { json: { idle_stop_minutes: minutes } });
const workspace = () => student.json<Workspace>("GET", "/api/v1/workspace");
const status = async (pass: string) => (await get(host, "/", { headers: { Cookie: pass } })).status;

/** With a minute, the second half of it is the warning. */
const warned = () =>
  eventually("it is told that it will be stopped", 60, async () => (await workspace()).idle_stop_at ?? false);

beforeAll(async () => {
  await student.workspaceReady();
  await run(student, `(setsid nohup python3 -m http.server ${PORT} >/dev/null 2>&1 &); sleep 1`);
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(async () => {
  await idleAfter(null);
  await browser?.close();
});

test("a preview is use where its owner asks for it, not where staff look", async () => {
  const [mine, staffs] = [await enter(student, PORT), await enter(admin, PORT, account.login)];
  await idleAfter(1);
  const at = await warned();
  expect(await status(staffs)).toBe(200);
  // Nor is a page that waits for a program and asks again every two seconds.
  const silent = previewHost(PORT + 1, account.login);
  const waits = await get(silent, "/", { headers: { Cookie: await enter(student, PORT + 1) } });
  expect(waits.status).toBe(503);
  expect((await workspace()).idle_stop_at).toBe(at);
  expect(await status(mine)).toBe(200);
  expect(await workspace()).toMatchObject({ state: "ready", idle_stop_at: null });
});

test("the page warns, and its button keeps it for an hour more", async () => {
  await warned();
  const banner = page.getByTestId("idle-banner");
  await banner.waitFor({ timeout: 5 * SECOND });
  // By keys alone: those that only get there are no use of the workspace, and leave it where it is.
  await page.locator(".top-bar .project").click();
  const more = banner.getByRole("button", { name: "+1 h" });
  await eventually("the button is reached", 10, async () => {
    await page.keyboard.press("Tab");
    return more.evaluate((button) => button === document.activeElement);
  });
  await page.keyboard.press("Enter");
  await banner.waitFor({ state: "detached", timeout: 5 * SECOND });
  const { idle_stop_at, keep_alive_until } = await workspace();
  expect(idle_stop_at).toBe(null);
  const left = Date.parse(keep_alive_until ?? "") - Date.now();
  expect(left).toBeGreaterThan(3590 * SECOND);
  expect(left).toBeLessThan(3601 * SECOND);
  // Longer than it would have lived without.
  await new Promise((resolve) => setTimeout(resolve, 65 * SECOND));
  expect(await workspace()).toMatchObject({ state: "ready", idle_stop_at: null });
});
