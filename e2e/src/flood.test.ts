/** A flood in the page's own terminal: the page can be used meanwhile, and Ctrl-C ends it. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { focusTerminal, launch, openIde, SECOND, terminalLines, typeLine } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("flood");
const student = new Client(account);
/** What a press may take on a machine whose two cores are both busy; alone it is a few frames. */
const SOON = { timeout: 5 * SECOND };

let browser: Browser;
let page: Page;

interface Terminal {
  seq: number;
  busy: boolean;
  last_exit_code: number | null;
}

/** The only terminal there is. */
async function terminal(): Promise<Terminal> {
  const [only] = await student.json<Terminal[]>("GET", "/api/v1/workspace/terminals");
  if (!only) throw new Error("no terminal");
  return only;
}

beforeAll(async () => {
  await student.workspaceReady();
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(() => browser?.close());

test.each(["yes", "cat /dev/urandom"])(
  "during %s a button works, and Ctrl-C leads to a prompt",
  async (flood) => {
    await focusTerminal(page);
    await typeLine(page, flood);
    const taken = async () => (await terminal()).seq;
    const start = await taken();
    await expect.poll(taken).toBeGreaterThan(start + 1_000_000);

    for (const view of ["search", "files"]) {
      const pressed = performance.now();
      await page.getByTestId(`activity-${view}`).click(SOON);
      await page.locator(`[data-testid="activity-${view}"][aria-pressed="true"]`).waitFor(SOON);
      console.log(`a press during ${flood}: ${Math.round(performance.now() - pressed)} ms`);
    }
    const before = await taken();
    await expect.poll(taken).toBeGreaterThan(before);

    await page.locator(".xterm-screen:visible").click(SOON);
    await page.keyboard.press("Control+c");
    await expect.poll(terminal, SOON).toMatchObject({ busy: false, last_exit_code: 130 });
    // What it answered to the bytes it took for questions is on the line; no shell needs to be told of that.
    await page.keyboard.press("Control+u");
    await typeLine(page, "reset; echo usable $((40 + 2))");
    await expect.poll(() => terminalLines(page)).toContain("usable 42");
  },
);
