/** A shell that its own start-up files end: the page says so, and has a clean shell to correct them in. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { focusTerminal, launch, openIde, SECOND, terminalLines, typeLine } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("safe");
const student = new Client(account);
const FILES = "/api/v1/workspace/files";

let browser: Browser;
let page: Page;

const banner = () => page.getByTestId("safe-banner");

/** Starts the workspace anew; with all that its owner put into it. */
async function restart(): Promise<void> {
  const { started_at } = await student.json<{ started_at: string }>("GET", "/api/v1/workspace");
  await student.json("POST", "/api/v1/workspace/restart", { json: {} });
  await eventually("the workspace is started anew", 60, async () => {
    const now = await student.json<{ state: string; started_at: string }>("GET", "/api/v1/workspace");
    return now.state === "ready" && now.started_at !== started_at;
  });
}

beforeAll(async () => {
  await student.workspaceReady();
  browser = await launch();
  page = await openIde(browser, account);
  await focusTerminal(page);
});

afterAll(() => browser?.close());

test("after each start the banner is there, with the largest files and a clean shell to mend it in", async () => {
  expect(await banner().count()).toBe(0);
  await student.status("PUT", `${FILES}/.bash_profile`, { body: "exit 1\n" });
  await student.status("PUT", `${FILES}/large.bin`, { body: Buffer.alloc(9 * 1024 * 1024) });
  await restart();
  await banner()
    .filter({ hasText: "start-up files" })
    .waitFor({ timeout: 60 * SECOND });
  await banner().getByText("The largest files").click();
  const largest = banner().locator("li").first();
  await largest.waitFor();
  expect(await largest.textContent()).toMatch(/large\.bin 9(\.0)? M/);

  // Put away, it stays away for this start, and no longer.
  await banner().getByRole("button", { name: "Close" }).click();
  await banner().waitFor({ state: "detached" });
  await restart();
  await banner()
    .filter({ hasText: "start-up files" })
    .waitFor({ timeout: 60 * SECOND });

  const tabs = page.locator('[id^="terminal-tab-"]');
  const before = await tabs.count();
  await banner().getByRole("button", { name: "Open a clean shell" }).click();
  await expect.poll(() => tabs.count()).toBe(before + 1);
  await focusTerminal(page);
  await typeLine(page, "echo clean $((40 + 2))");
  await expect.poll(() => terminalLines(page)).toContain("clean 42");
  // As the banner says, any other new terminal is a clean one, too.
  await page
    .locator(".terminal > .tabs-bar")
    .getByRole("button", { name: "New terminal", exact: true })
    .click();
  await expect.poll(() => tabs.count()).toBe(before + 2);
  await focusTerminal(page);
  await typeLine(page, "rm ~/.bash_profile && echo mended $((40 + 2))");
  await expect.poll(() => terminalLines(page)).toContain("mended 42");
  expect(await student.status("HEAD", `${FILES}/.bash_profile`)).toBe(404);
});

test("a zsh that is used is looked at, too", async () => {
  await restart();
  await banner().waitFor({ state: "detached" });
  await student.status("PUT", `${FILES}/.zshrc`, { body: "exit 1\n" });
  await student.status("PUT", `${FILES}/.zsh_history`, { body: "" });
  await restart();
  await banner()
    .filter({ hasText: "~/.zshrc" })
    .waitFor({ timeout: 60 * SECOND });
});
