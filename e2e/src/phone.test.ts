/** The IDE on a phone: what its keyboard lacks is above the terminal. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, PHONE, SECOND, terminalLines } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("phone");

let browser: Browser;
let page: Page;

beforeAll(async () => {
  await new Client(account).workspaceReady();
  browser = await launch();
  page = await openIde(browser, account, PHONE);
});

afterAll(() => browser?.close());

const rows = () => terminalLines(page);

test("Esc, Tab, Ctrl, arrows and signs go into the terminal, which keeps the keyboard", async () => {
  await page.locator(".pane-switch").getByRole("button", { name: "Terminal" }).tap();
  const bar = page.getByRole("toolbar", { name: "Keys", exact: true });
  const key = (name: string) => bar.getByRole("button", { name, exact: true });
  for (const button of await bar.getByRole("button").all()) {
    const box = await button.boundingBox();
    expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(44);
  }
  await page
    .getByTestId("terminal")
    .locator(".xterm-rows")
    .filter({ hasText: "$" })
    .waitFor({ timeout: 60 * SECOND });
  await page.getByTestId("terminal").locator(".terminal-mount").tap();
  await page.keyboard.type("clear; cat -v\n");
  await expect.poll(async () => (await rows()).join("")).toBe("");
  for (const name of ["Esc", "/", "|", "~"]) await key(name).tap();
  await page.keyboard.type("\n");
  await expect.poll(async () => (await rows()).filter((row) => row === "^[/|~").length).toBe(2);
  await key("Ctrl").tap();
  expect(await key("Ctrl").getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.type("c");
  await expect.poll(async () => (await rows()).join("\n")).toMatch(/\^C\n.*\$\s*$/s);
  expect(await key("Ctrl").getAttribute("aria-pressed")).toBe("false");

  // The shell's history by an arrow, and a name made whole by Tab.
  await page.keyboard.type("echo again and again\n");
  await expect.poll(rows).toContain("again and again");
  await key("Up").tap();
  await page.keyboard.type("\n");
  await expect.poll(async () => (await rows()).filter((row) => row === "again and again").length).toBe(2);
  await page.keyboard.type("echo README.m");
  await key("Tab").tap();
  await page.keyboard.type("\n");
  await expect.poll(rows).toContain("README.md");

  await page.setViewportSize({ width: 1000, height: 844 });
  await bar.waitFor({ state: "hidden" });
});
