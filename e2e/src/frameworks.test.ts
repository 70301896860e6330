/** The development servers that a class uses, as their makers ship them, behind a private preview, in a real browser. */
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent } from "./instance.ts";
import { origin, previewHost } from "./preview.ts";
import { run } from "./terminal.ts";

const SECOND = 1000;
const student = new Client(newStudent("dev"));
const { login, password } = student.account;
const preview = (port: number) => origin(previewHost(port, login));

let browser: Browser;
let context: BrowserContext;

const put = async (path: string, body: string) =>
  expect(await student.status("PUT", `/api/v1/workspace/files/${path}`, { body })).toBeLessThan(300);

/** Runs the lines to their end, which is to be a good one. */
const done = async (lines: string) => expect(await run(student, lines, 200)).toContain("ended with 0");

const serve = (folder: string, line: string) =>
  run(student, `cd ~/${folder} && setsid nohup ${line} >server.log 2>&1 & sleep 0.1`);

beforeAll(async () => {
  await student.workspaceReady();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  context = await browser.newContext({ locale: "en-US" });
  const page = await context.newPage();
  await page.goto(`${maru.url}/login`);
  await page.fill('input[name="login"]', login);
  await page.fill('input[name="password"]', password);
  await page.click('button[type="submit"]');
  await page.waitForURL(/\/ide/);
  await page.close();
});

afterAll(async () => browser?.close());

test("Vite serves its page, and changes it while it is open", async () => {
  await put("shop/package.json", '{"private":true,"type":"module"}');
  await put("shop/index.html", '<h1 id="app"></h1><script type="module" src="/main.js"></script>');
  const main = (word: string) =>
    `document.getElementById("app").textContent = ${JSON.stringify(word)}; import.meta.hot?.accept();`;
  await put("shop/main.js", main("Hello from Vite"));
  await done("cd ~/shop && npm install --no-audit --no-fund --silent vite");

  // The page is opened first: it waits for the program.
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(`${preview(5173)}/`);
  await page.getByText("Waiting for port 5173").waitFor();
  await serve("shop", "npx vite");
  const heading = page.locator("#app");
  await heading.filter({ hasText: "Hello from Vite" }).waitFor({ timeout: 30 * SECOND });

  await page.evaluate(() => Object.assign(globalThis, { untouched: true }));
  await page.waitForTimeout(SECOND);
  await put("shop/main.js", main("Changed by HMR"));
  await heading.filter({ hasText: "Changed by HMR" }).waitFor({ timeout: 20 * SECOND });
  expect(await page.evaluate(() => "untouched" in globalThis), "the page was not loaded again").toBe(true);
  expect(errors).toEqual([]);
  await page.close();
});

test("Django takes a form: its host, its origin and its cookies are right", async () => {
  await done(
    "python3 -m venv ~/venv && ~/venv/bin/pip install --quiet django && ~/venv/bin/django-admin startproject site1 ~/ && " +
      "cd ~ && ~/venv/bin/python manage.py migrate -v 0 && " +
      "DJANGO_SUPERUSER_PASSWORD=s3cret ~/venv/bin/python manage.py createsuperuser --noinput --username mina --email m@example.org",
  );
  await serve(".", "venv/bin/python manage.py runserver 8000");
  const page = await context.newPage();
  await page.goto(`${preview(8000)}/admin/`);
  await eventually("Django's login page", 30, async () => (await page.title()).includes("Log in"));
  await page.fill("#id_username", "mina");
  await page.fill("#id_password", "s3cret");
  await page.click('input[type="submit"]');
  await page
    .getByText("Site administration")
    .first()
    .waitFor({ timeout: 20 * SECOND });
  expect(new URL(page.url()).host).toBe(previewHost(8000, login));
  await page.close();
});

test("Next.js serves its page, and changes it while it is open, by its WebSocket", async () => {
  const page = (word: string) => `"use client";
import { useState } from "react";
export default function Page() {
  const [count, setCount] = useState(0);
  return (
    <main>
      <h1 id="app">${word}</h1>
      <button onClick={() => setCount(count + 1)}>pressed {count}</button>
    </main>
  );
}
`;
  await put("site/package.json", '{"private":true}');
  await put(
    "site/app/layout.js",
    'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
  );
  await put("site/app/page.js", page("Hello from Next.js"));
  await done("cd ~/site && npm install --no-audit --no-fund --silent next react react-dom");
  await serve("site", "env NEXT_TELEMETRY_DISABLED=1 npx next dev --port 3000");

  const tab = await context.newPage();
  const errors: string[] = [];
  const sockets: string[] = [];
  tab.on("pageerror", (error) => errors.push(error.message));
  tab.on("websocket", (socket) => sockets.push(new URL(socket.url()).pathname));
  await tab.goto(`${preview(3000)}/`);
  const heading = tab.locator("#app");
  await heading.filter({ hasText: "Hello from Next.js" }).waitFor({ timeout: 90 * SECOND });
  // Only a page that its script has taken over counts; that its state stays is what HMR is for.
  await eventually("the button counts", 30, async () => {
    await tab.getByRole("button", { name: /^pressed/ }).click();
    return (await tab.getByRole("button", { name: /^pressed [1-9]/ }).count()) === 1;
  });
  expect(sockets).toContainEqual(expect.stringContaining("hmr"));
  await put("site/app/page.js", page("Changed by Next.js"));
  await heading.filter({ hasText: "Changed by Next.js" }).waitFor({ timeout: 30 * SECOND });
  expect(await tab.getByRole("button", { name: /^pressed [1-9]/ }).count(), "its state stayed").toBe(1);
  expect(errors).toEqual([]);
  await tab.close();
});
