/** The first hour: a checklist that leads through the steps and ticks itself. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("tour");
let browser: Browser;
let page: Page;

beforeAll(async () => {
  await new Client(account).workspaceReady();
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(() => browser?.close());

const testId = (id: string) => page.getByTestId(id);
const step = (name: string) => testId("tour").locator(`[data-tour="${name}"]`);
const done = (name: string) =>
  expect.poll(() => step(name).getAttribute("data-done"), { timeout: 20 * SECOND }).toBe("true");

test("leads to each step's place, and ticks what was done", async () => {
  await testId("tour").waitFor();
  expect(await testId("tour").locator('[data-done="true"]').count()).toBe(0);
  await step("edit").getByRole("button").click();
  const greeting = testId("editor").locator(".cm-line", { hasText: 'id="greeting"' });
  await greeting.click();
  await page.keyboard.press("End");
  await page.keyboard.type("<!-- mine -->");
  await page.keyboard.press("Control+s");
  await expect.poll(() => testId("tour-status").textContent(), { timeout: 20 * SECOND }).toContain("1 of 5");

  // It stays at hand while a file is open.
  await testId("tour-status").click();
  await done("edit");
  await step("run").getByRole("button").click();
  // What is typed goes to the terminal that it leads to.
  await page.locator(".xterm-helper-textarea:focus").waitFor();
  await page.keyboard.type("true");
  await page.keyboard.press("Enter");
  await done("run");
  await step("commit").getByRole("button").click();
  await testId("scm-message").fill("Another greeting");
  await testId("scm-commit").click();
  await done("commit");
  expect(await step("build").getAttribute("data-done")).toBe("false");

  await page.reload();
  await expect.poll(() => testId("tour-status").textContent(), { timeout: 60 * SECOND }).toContain("3 of 5");
  await page.keyboard.press("F1");
  await page.keyboard.type("Do not show this");
  await page.keyboard.press("Enter");
  await testId("tour-status").waitFor({ state: "detached" });
});
