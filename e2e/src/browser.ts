/** A browser as students have it, and a student's IDE open in it. */
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Response,
} from "playwright-core";
import { type Account, maru } from "./instance.ts";

export const SECOND = 1000;

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // xterm then draws with elements, whose text a test can read.
      "--disable-3d-apis",
    ],
  });

export type { Browser, Page };

/**
 * Opens an address; once more where the browser gave it up because one of the machine's networks came or went, as those of
 * other tests' workspaces do. The IDE asks again by itself.
 */
export async function visit(page: Page, url: string): Promise<Response | null> {
  try {
    return await page.goto(url);
  } catch (error) {
    if (!String(error).includes("ERR_NETWORK_CHANGED")) throw error;
    return page.goto(url);
  }
}

/** An empty page of somebody who is logged in, by the API, as the login page does it. */
export async function logIn(
  browser: Browser,
  { login, password }: Account,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    locale: "en-US",
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  const answer = await page.request.post(`${maru.url}/api/v1/session`, { data: { login, password } });
  if (!answer.ok()) throw new Error(`login: ${answer.status()} ${await answer.text()}`);
  return page;
}

/**
 * Logs in and waits until the IDE can be used. It looks as it does the first time, whatever an earlier test did with it,
 * unless it is to look as it was left.
 */
export async function openIde(
  browser: Browser,
  account: Account,
  options: BrowserContextOptions = {},
  asLeft = false,
): Promise<Page> {
  const page = await logIn(browser, account, options);
  if (!asLeft) {
    const headers = { "X-Maru-CSRF": "1" };
    const cleared = await page.request.put(`${maru.url}/api/v1/me/settings`, { data: {}, headers });
    if (!cleared.ok()) throw new Error(`settings: ${cleared.status()} ${await cleared.text()}`);
  }
  const failures: string[] = [];
  page.on("requestfailed", (request) => failures.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("pageerror", (error) => failures.push(String(error)));
  await page.goto(`${maru.url}/ide`);
  // On a phone another pane may be in front of it.
  await page
    .getByTestId("file-tree")
    .locator("[data-path]")
    .first()
    .waitFor({ state: "attached", timeout: 90 * SECOND })
    .catch(async (error) => {
      const says = await page.locator("body").innerText();
      throw new Error(`no file tree; the page says: ${says}\n${failures.join("\n")}`, { cause: error });
    });
  return page;
}

/** A file of the starter project, by quick open, as it is fastest by hand. Its tab is there before its text: this waits for both. */
export async function openFile(page: Page, path: string): Promise<void> {
  await page.keyboard.press("Control+p");
  await page.keyboard.type(path);
  await page.getByTestId("palette").locator(`[data-id="guestbook/${path}"][aria-selected="true"]`).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name: path.split("/").at(-1) ?? "", exact: true, selected: true }).waitFor();
  await page.locator('.editor-note[aria-busy="true"]').waitFor({ state: "detached" });
}

const frontTerminal = (page: Page) => page.locator('[data-testid="terminal"][data-front="true"]');

/** What the page's terminal in front shows, line by line. */
export async function terminalLines(page: Page): Promise<string[]> {
  const lines = await frontTerminal(page).locator(".xterm-rows > div").allInnerTexts();
  return lines.map((line) => line.replaceAll("\u00a0", " ").trimEnd());
}

/** Puts the keys into the page's terminal in front, once its shell asks for some. */
export async function focusTerminal(page: Page): Promise<void> {
  const terminal = frontTerminal(page);
  await terminal.locator(".xterm-rows", { hasText: "$" }).waitFor({ timeout: 60 * SECOND });
  await terminal.locator(".xterm-screen").click();
  await terminal.locator(".xterm.focus").waitFor();
}

export async function typeLine(page: Page, line: string): Promise<void> {
  await page.keyboard.type(line);
  await page.keyboard.press("Enter");
}
