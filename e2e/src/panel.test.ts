/** The pane below the editor: problems that lead to their places, what Deploy and language servers said, ports. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openFile, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";
import { createTerminal } from "./terminal.ts";

const account = newStudent("panel");
const student = new Client(account);
const FILES = "/api/v1/workspace/files/guestbook";
const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: extra
spec:
  selector:
    app: web
  prots:
    - port: 80
`;

let browser: Browser;
let page: Page;

const testId = (id: string) => page.getByTestId(id);
const show = (view: string) => testId(`panel-tab-${view}`).click();
const cursor = () => page.locator(".status-bar").textContent();

beforeAll(async () => {
  await student.workspaceReady();
  await student.status("DELETE", `${FILES}/k8s`);
  await student.status("PUT", `${FILES}/k8s/extra.yaml`, { body: SERVICE });
  await student.status("PUT", `${FILES}/tools/a.py`, { body: "import os\n\nprint(nowhere)\n" });
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(() => browser?.close());

describe("problems", () => {
  const row = (text: string) => testId("problems").locator(".problem", { hasText: text });

  test("of manifests are listed without one being open; a press opens the line, another makes the fix", async () => {
    await page.keyboard.press("Control+Shift+M");
    await row("prots")
      .first()
      .waitFor({ timeout: 20 * SECOND });
    await expect.poll(() => testId("panel-tab-problems").textContent()).toMatch(/[1-9]/);
    await row("prots").first().locator("button.problem-place").click();
    await page.getByRole("tab", { name: "extra.yaml", selected: true }).waitFor();
    await expect.poll(cursor).toContain("Ln 8, Col 3");
    await row("prots").first().getByRole("button", { name: /fix/i }).click();
    await row("prots").waitFor({ state: "detached", timeout: 20 * SECOND });
    await expect
      .poll(async () => (await student.ask("GET", `${FILES}/k8s/extra.yaml`)).text())
      .toContain("  ports:");
  });

  test("are seen as they are typed, and gone when they are mended", async () => {
    await page.locator(".cm-line:visible", { hasText: "selector:" }).click();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("s");
    await row("selectors")
      .first()
      .waitFor({ timeout: 20 * SECOND });
    await page.keyboard.press("Escape");
    await page.keyboard.press("Backspace");
    await row("selectors").waitFor({ state: "detached", timeout: 20 * SECOND });
    await page.keyboard.press("Control+s");
  });

  test("of a program come from its language server while it is open", async () => {
    await openFile(page, "tools/a.py");
    await row("nowhere")
      .first()
      .waitFor({ timeout: 60 * SECOND });
    await row("nowhere").first().locator("button.problem-place").click();
    await expect.poll(cursor).toContain("Ln 3, Col");
    await page.keyboard.press("Alt+w");
    await row("nowhere").waitFor({ state: "detached" });
  });
});

describe("output", () => {
  test("tells a Deploy step by step, and a build line by line", async () => {
    // The starter project as it is; the other student's has been changed.
    const account = newStudent("output");
    const student = new Client(account);
    await student.workspaceReady();
    await student.deploy("for the output");
    const page = await openIde(browser, account);
    await page.getByTestId("panel-tab-output").click();
    const output = () => page.getByTestId("output").textContent();
    await expect.poll(output, { timeout: 30 * SECOND }).toContain("Commit: done");
    const channels = page.getByTestId("output-channel");
    const names = await channels.locator("option").allTextContents();
    expect(names[0]).toBe("Deploy");
    const build = names.find((name) => name.startsWith("Build: "));
    expect(build).toBeDefined();
    await channels.selectOption({ label: build ?? "" });
    await expect.poll(output, { timeout: 30 * SECOND }).toMatch(/Step 1|FROM/);
    await page.context().close();
  });

  test("has what language servers say, and when they started", async () => {
    await openFile(page, "tools/a.py");
    await page
      .locator('[data-testid="language-state"][data-state="running"]')
      .waitFor({ timeout: 60 * SECOND });
    await show("output");
    await testId("output-channel").selectOption("python");
    await expect.poll(() => testId("output").textContent()).toContain("started");
  });
});

test("ports are there as soon as a program listens", async () => {
  await createTerminal(student, "python3 -m http.server 8123");
  await show("ports");
  await testId("ports-panel")
    .locator('[data-port="8123"]')
    .waitFor({ timeout: 20 * SECOND });
  await expect.poll(() => testId("panel-tab-ports").textContent()).toMatch(/[1-9]/);
});

test("what is seen is chosen by keys, put away, and remembered", async () => {
  await testId("panel-tab-ports").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await testId("output").waitFor();
  await page.getByRole("button", { name: "Hide the panel" }).click();
  await testId("output").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Show the panel" }).click();
  await testId("output").waitFor();
  await page.keyboard.press("Control+`");
  await testId("terminal").first().waitFor();
  await page.reload();
  await testId("terminal")
    .first()
    .waitFor({ timeout: 30 * SECOND });
});
