/** A browser as students have it, and a student's IDE open in it. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type Account, maru } from "./instance.ts";

export const SECOND = 1000;

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

/** Logs in by the API, as the login page does, and waits until the IDE can be used. */
export async function openIde(
  browser: Browser,
  account: Account,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    locale: "en-US",
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  const { login, password } = account;
  const answer = await page.request.post(`${maru.url}/api/v1/session`, { data: { login, password } });
  if (!answer.ok()) throw new Error(`login: ${answer.status()} ${await answer.text()}`);
  await page.goto(`${maru.url}/ide`);
  // On a phone another pane may be in front of it.
  await page
    .getByTestId("file-tree")
    .locator("[data-path]")
    .first()
    .waitFor({ state: "attached", timeout: 90 * SECOND });
  return page;
}
