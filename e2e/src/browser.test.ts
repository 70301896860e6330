/** The main job, as a student does it: in a browser, from the login page to the guestbook on its own address. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, SECOND, terminalLines } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru } from "./instance.ts";

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
});

afterAll(async () => {
  if (process.env.MARU_SCREENSHOT) await page?.screenshot({ path: process.env.MARU_SCREENSHOT });
  await browser?.close();
});

const testId = (id: string) => page.getByTestId(id);

test("a student logs in, runs Python, changes the greeting, deploys and keeps the guestbook's entries", async () => {
  await page.goto(maru.url);
  await page.fill('input[name="login"]', maru.student.login);
  await page.fill('input[name="password"]', maru.student.password);
  await page.click('button[type="submit"]');
  await testId("file-tree").waitFor({ timeout: 90 * SECOND });

  // The terminal.
  const terminal = testId("terminal");
  const screen = terminal.locator(".xterm-rows:visible");
  await screen.filter({ hasText: "$" }).waitFor({ timeout: 60 * SECOND });
  await terminal.click();
  await page.keyboard.type('python3 -c "print(6*7)"');
  await page.keyboard.press("Enter");
  await eventually("42 on the terminal's screen", 20, async () => /^42$/m.test(await rows()));

  // The editor: the greeting is replaced, by search and replace of the whole line's text.
  const greeting = `Hello from a test ${Date.now()}`;
  await openFile("guestbook/web", "guestbook/web/index.html");
  const line = testId("editor").locator(".cm-line", { hasText: 'id="greeting"' });
  await line.waitFor();
  await line.click();
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+End");
  await page.keyboard.insertText(`<h1 id="greeting">${greeting}</h1>`);
  await page.keyboard.press("Control+s");
  await eventually("the file is saved", 20, async () => {
    const file = await new Client(maru.student).ask(
      "GET",
      "/api/v1/workspace/files/guestbook/web/index.html",
    );
    return (await file.text()).includes(greeting);
  });
  await page.locator('[data-testid="save-state"][data-state="saved"]').waitFor();

  // Deploy, and its URL.
  await testId("deploy-button").click();
  await page.locator('[data-testid="deploy-steps"][data-state="running"]').waitFor({ timeout: 20 * SECOND });
  const end = page.locator(
    '[data-testid="deploy-steps"]:not([data-state="running"]):not([data-state="queued"])',
  );
  await end.waitFor({ timeout: 200 * SECOND });
  expect(
    await testId("deploy-steps").getAttribute("data-state"),
    (await testId("deploy-steps").textContent()) ?? "",
  ).toBe("succeeded");
  const url = await testId("deploy-url").getAttribute("href");
  expect(url).toMatch(/^http:\/\/student\.apps\.localhost:\d+\/?$/);

  // The application, with the new greeting; an entry in it.
  const application = await page.context().newPage();
  await application.goto(url ?? "");
  await expect.poll(() => application.locator("#greeting").textContent()).toBe(greeting);
  const message = `An entry ${Date.now()}`;
  await application.fill('[name="author"]', "브라우저");
  await application.fill('[name="message"]', message);
  await application.click("#write button");
  await application.locator("#entries li", { hasText: message }).waitFor({ timeout: 20 * SECOND });

  // The database's pod is deleted; it heals, and the entry is there.
  await deleteDatabasePod();
  await eventually("the entry is there again", 90, async () => {
    await application.reload();
    await application.locator("#entries li", { hasText: message }).waitFor({ timeout: 3 * SECOND });
    return true;
  });
  await application.close();
});

const rows = async (): Promise<string> => (await terminalLines(page)).join("\n");

/** Opens the folder in the tree unless it is open, then the file. */
async function openFile(folder: string, file: string): Promise<void> {
  const row = page.locator(`[data-path="${folder}"]`);
  await row.waitFor();
  if ((await row.getAttribute("aria-expanded")) !== "true") await row.click();
  await page.locator(`[data-path="${file}"]`).click();
}

async function deleteDatabasePod(): Promise<void> {
  const student = new Client(maru.student);
  const pod = `/k8s/api/v1/namespaces/${maru.student.namespace}/pods/guestbook-db-0`;
  const uid = async () => (await student.json<{ metadata: { uid: string } }>("GET", pod)).metadata.uid;
  const before = await uid();
  await student.json("DELETE", pod);
  await eventually("the database's pod is another one", 60, async () => (await uid()) !== before);
}
