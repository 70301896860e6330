/** Reading and looking: what a file defines, what it was before, how it looks on other screens; the ways to the account. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openFile, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";
import { createTerminal } from "./terminal.ts";

const account = newStudent("reading");
const student = new Client(account);
const FILES = "/api/v1/workspace/files/guestbook";
const PYTHON = 'class Book:\n    def read(self):\n        return 1\n\n\ndef write_page():\n    return "x"\n';

let browser: Browser;
let page: Page;

const testId = (id: string) => page.getByTestId(id);
const cursor = () => page.locator(".status-bar").textContent();
const write = (path: string, body: string) => student.status("PUT", `${FILES}/${path}`, { body });

async function press(command: string): Promise<void> {
  await page.keyboard.press("F1");
  await page.keyboard.type(command);
  await page.keyboard.press("Enter");
}

beforeAll(async () => {
  await student.workspaceReady();
  await write("tools/book.py", PYTHON);
  await write("tools/data.json", '{"b":[1,2],"a":{"c":"글"}}');
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(() => browser?.close());

test("what a file defines is listed, found by a few letters, and gone to", async () => {
  await openFile(page, "tools/book.py");
  await page.keyboard.press("Control+Shift+o");
  const rows = testId("palette").locator("[role=option]");
  await expect
    .poll(() => rows.locator(".palette-label").allTextContents())
    .toEqual(["Book", "read", "write_page"]);
  await page.keyboard.type("wp");
  await expect.poll(() => rows.count()).toBe(1);
  await page.keyboard.press("Enter");
  await expect.poll(cursor).toContain("Ln 6, Col 5");
});

test("JSON is formatted, and what cannot be is said", async () => {
  await openFile(page, "tools/data.json");
  await page.locator(".cm-line:visible").first().click();
  await page.keyboard.press("Alt+Shift+f");
  await page.locator(".cm-line:visible", { hasText: '"c": "글"' }).waitFor();
  await page.keyboard.press("Control+s");
  const text = async () => (await student.ask("GET", `${FILES}/tools/data.json`)).text();
  await expect.poll(text).toBe('{\n  "b": [\n    1,\n    2\n  ],\n  "a": {\n    "c": "글"\n  }\n}\n');
  await page.keyboard.press("Control+End");
  await page.keyboard.type("}");
  await page.keyboard.press("Alt+Shift+f");
  await page.locator(".toast", { hasText: "not whole JSON" }).waitFor();
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Control+s");
});

test("a file is compared with the starter project and with a snapshot", async () => {
  await student.status("POST", "/api/v1/workspace/snapshots", { json: { name: "before" } });
  const readme = await (await student.ask("GET", `${FILES}/README.md`)).text();
  await write("README.md", `${readme}\nA line of mine.\n`);
  await openFile(page, "README.md");
  await press("compare the file with");
  const view = testId("compare");
  await view
    .locator(".cm-merge-b .cm-changedLine, .cm-merge-b .cm-insertedLine", { hasText: "A line of mine" })
    .first()
    .waitFor({
      timeout: 20 * SECOND,
    });
  const versions = await testId("compare-with").locator("option").allTextContents();
  expect(versions.slice(0, 2)).toEqual(["the starter project", "the last commit"]);
  const snapshot = versions.findIndex((name) => name.includes("before"));
  expect(snapshot).toBeGreaterThan(1);
  await testId("compare-with").selectOption({ index: snapshot });
  await view.locator(".cm-merge-b .cm-line", { hasText: "A line of mine" }).waitFor();
  await page.keyboard.press("Alt+w");
  await openFile(page, "tools/book.py");
  await press("compare the file with");
  await view.getByText("The file was not there then.").waitFor();
});

test("a port's page is seen beside the text, by its address, and in a phone's size", async () => {
  const serve =
    "mkdir -p /tmp/site && cd /tmp/site && echo '<h1>first</h1>' > index.html && echo '<h1>second</h1>' > b.html && python3 -m http.server 8099";
  await createTerminal(student, serve);
  await testId("panel-tab-ports").click();
  const port = testId("ports-panel").locator('[data-port="8099"]');
  await port.getByTestId("port-show").click();
  const preview = testId("port-preview");
  const frame = preview.frameLocator("iframe");
  await frame.locator("h1", { hasText: "first" }).waitFor({ timeout: 30 * SECOND });
  await preview.getByLabel("Address").fill("/b.html");
  await page.keyboard.press("Enter");
  await frame.locator("h1", { hasText: "second" }).waitFor({ timeout: 20 * SECOND });
  await preview.getByLabel("Address").fill("https://example.org/");
  await page.keyboard.press("Enter");
  await preview.getByRole("alert").waitFor();
  await preview.getByRole("button", { name: /Phone/ }).click();
  await expect.poll(async () => (await preview.locator("iframe").boundingBox())?.width).toBe(390);
  await port.getByTestId("qr-button").click();
  await port.getByTestId("qr").locator("svg path").waitFor();
  expect(await port.getByTestId("qr").innerText()).toContain("this computer only");
});

test("the account is a press away", async () => {
  await testId("user-menu").click();
  await page.getByRole("link", { name: "My account" }).click();
  await page.waitForURL(/\/account$/);
  await page.locator("h1").waitFor();
});
