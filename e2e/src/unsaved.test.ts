/** What was typed and not saved outlives a page that dies and a session that ends. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openFile, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { maru, newStudent } from "./instance.ts";

const account = newStudent("unsaved");
const student = new Client(account);
const FILES = "/api/v1/workspace/files/guestbook";

let browser: Browser;

const write = (path: string, body: string) => student.status("PUT", `${FILES}/${path}`, { body });
const read = async (path: string) => (await student.ask("GET", `${FILES}/${path}`)).text();
const lines = (page: Page) => page.locator(".cm-content:visible .cm-line").allTextContents();
const banner = (page: Page, words: string) => page.locator(".pane-editor .banner", { hasText: words });

beforeAll(async () => {
  await student.workspaceReady();
  browser = await launch();
});

afterAll(() => browser?.close());

async function typeInto(page: Page, path: string, text: string): Promise<void> {
  await openFile(page, path);
  await page.locator(".cm-content:visible").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text);
  await page.locator('[data-testid="save-state"][data-state="unsaved"]').waitFor();
}

/** Kills the page's process as soon as it has had the time that it takes to note what was typed. */
async function crash(page: Page, typed: string): Promise<BrowserContext> {
  const kept = () => page.evaluate(() => Object.values({ ...localStorage }).join("\n"));
  await expect.poll(kept, { timeout: 2 * SECOND, interval: 50 }).toContain(typed);
  const context = page.context();
  const session = await context.newCDPSession(page);
  const died = page.waitForEvent("crash");
  // Nobody is left to answer.
  session.send("Page.crash").catch(() => undefined);
  await died;
  await page.close();
  return context;
}

async function reopen(context: BrowserContext, name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${maru.url}/ide`);
  await page.getByRole("tab", { name, selected: true }).waitFor({ timeout: 60 * SECOND });
  return page;
}

test("after a crash it is there again, said to be so, and saved when asked", async () => {
  await write("crash.txt", "on the disk\n");
  const before = await openIde(browser, account);
  await typeInto(before, "crash.txt", "typed, 저장 안 함");
  const context = await crash(before, "typed, 저장 안 함");
  expect(await read("crash.txt")).toBe("on the disk\n");

  const page = await reopen(context, "crash.txt");
  await banner(page, "was brought back").waitFor();
  expect(await lines(page)).toEqual(["on the disk", "typed, 저장 안 함"]);
  expect(await read("crash.txt")).toBe("on the disk\n");
  await banner(page, "was brought back").getByRole("button", { name: "Save" }).click();
  await expect.poll(() => read("crash.txt")).toBe("on the disk\ntyped, 저장 안 함");
  await banner(page, "was brought back").waitFor({ state: "detached" });
  await page.reload();
  await page.locator(".cm-line:visible", { hasText: "typed, 저장 안 함" }).waitFor({ timeout: 60 * SECOND });
  expect(await banner(page, "was brought back").count()).toBe(0);
  await context.close();
});

test("after a crash it does not go over what somebody else wrote meanwhile", async () => {
  await write("crash.txt", "one\n");
  const before = await openIde(browser, account);
  await typeInto(before, "crash.txt", "mine");
  const context = await crash(before, "one\\nmine");
  await write("crash.txt", "one\ntheirs\n");

  const page = await reopen(context, "crash.txt");
  await banner(page, "was changed elsewhere").waitFor();
  expect(await lines(page)).toEqual(["one", "mine"]);
  expect(await read("crash.txt")).toBe("one\ntheirs\n");
  await banner(page, "was changed elsewhere").getByRole("button", { name: "Keep mine" }).click();
  await expect.poll(() => read("crash.txt")).toBe("one\nmine");
  await banner(page, "was changed elsewhere").waitFor({ state: "detached" });
  await context.close();
});

test("a session that ended is said; what was typed stays, and is saved after the next login", async () => {
  await write("session.txt", "on the disk\n");
  const page = await openIde(browser, account);
  const context = page.context();
  await typeInto(page, "session.txt", "typed before, ");
  // From elsewhere: this browser still has its cookie, which nobody knows any more.
  const cookies = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const headers = { Cookie: cookies, "X-Maru-CSRF": "1" };
  const ended = await fetch(`${maru.url}/api/v1/session`, { method: "DELETE", headers });
  expect(ended.ok).toBe(true);

  const said = page.locator(".shell > .banner", { hasText: "Your session has ended" });
  await page.keyboard.type("typed after");
  await page.keyboard.press("Control+s");
  await said.waitFor();
  await page.locator('[data-testid="save-state"][data-state="failed"]').waitFor();
  expect(await lines(page)).toEqual(["on the disk", "typed before, typed after"]);
  expect(await read("session.txt")).toBe("on the disk\n");

  // Elsewhere in the same browser, which then has a cookie that is known.
  const { login, password } = account;
  await context.request.post(`${maru.url}/api/v1/session`, { data: { login, password } });
  await page.keyboard.press("Control+s");
  await expect.poll(() => read("session.txt")).toBe("on the disk\ntyped before, typed after");
  await page.locator('[data-testid="save-state"][data-state="saved"]').waitFor();
  await page.locator(".banner").waitFor({ state: "detached" });
  await context.close();
});
