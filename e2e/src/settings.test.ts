/** How a user has the IDE: kept on the server, the same in every browser. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openFile, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("settings");
const student = new Client(account);
const SETTINGS = "/api/v1/me/settings";

let browser: Browser;

beforeAll(async () => {
  await student.workspaceReady();
  browser = await launch();
});

afterAll(() => browser?.close());

const kept = () => student.json<Record<string, unknown>>("GET", SETTINGS);

describe("the document", () => {
  test("is replaced by whoever has seen it", async () => {
    const first = await student.ask("GET", SETTINGS);
    const etag = first.headers.get("etag") ?? "";
    expect([first.status, await first.json()]).toEqual([200, {}]);
    const put = (json: unknown, seen: string) =>
      student.ask("PUT", SETTINGS, { json, headers: { "If-Match": seen } });
    const done = await put({ "theme.name": "dark" }, etag);
    expect(done.status).toBe(204);
    const seen = done.headers.get("etag") ?? "";
    const late = await put({ "theme.name": "light" }, etag);
    expect([late.status, late.headers.get("etag")]).toEqual([412, seen]);
    expect(await late.json()).toMatchObject({ code: "settings_changed" });
    expect(await student.status("GET", SETTINGS, { headers: { "If-None-Match": seen } })).toBe(304);
    expect(await kept()).toEqual({ "theme.name": "dark" });
  });

  test("is a small object, each user's own", async () => {
    const [large, list] = [{ a: "x".repeat(70_000) }, [1]];
    expect(await student.status("PUT", SETTINGS, { json: large })).toBe(413);
    expect(await student.status("PUT", SETTINGS, { json: list })).toBe(400);
    const other = new Client(newStudent("settings"));
    expect(await other.json("GET", SETTINGS)).toEqual({});
    expect(await kept()).toEqual({ "theme.name": "dark" });
  });
});

const width = async (page: Page) => Math.round((await page.locator(".pane-files").boundingBox())?.width ?? 0);
const tabs = (page: Page) =>
  page
    .getByTestId("editor-group")
    .evaluateAll((groups) =>
      groups.map((group) => [...group.querySelectorAll(".tab-label")].map((tab) => tab.textContent)),
    );

test("another browser shows everything as it was left", async () => {
  const page = await openIde(browser, account);
  await openFile(page, "README.md");
  await openFile(page, "k8s/web.yaml");
  await page.keyboard.press("Control+\\");
  await page.keyboard.press("Control+,");
  const dialog = page.getByTestId("settings");
  await dialog.getByRole("button", { name: "light", exact: true }).click();
  await dialog.getByLabel("Size of letters in the editor").fill("17");
  await dialog.getByLabel(/Wrap long lines/).check();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Alt+k");
  const row = page.getByTestId("shortcuts").locator('[data-id="file.saveAll"]');
  await row.getByRole("button", { name: /Change/ }).click();
  await row.locator(".recorder:focus").waitFor();
  await page.keyboard.press("Control+Alt+Shift+Y");
  await page.keyboard.press("Escape");
  await page.locator(".splitter.vertical").first().focus();
  for (const _ of [1, 2]) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("F1");
  await page.keyboard.type("korean");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator("html").getAttribute("lang")).toBe("ko");
  const before = { tabs: await tabs(page), width: await width(page) };
  expect(before.tabs).toEqual([["README.md"], ["web.yaml"]]);
  await expect
    .poll(kept, { timeout: 10 * SECOND })
    .toMatchObject({ "language.name": "ko", "keys.file.saveAll": ["Ctrl+Alt+Shift+Y"] });
  expect(await kept()).toMatchObject({
    "theme.name": "light",
    "settings.editorFont": 17,
    "settings.wrap": true,
  });
  await page.context().close();

  const other = await openIde(browser, account, {}, true);
  await other.getByRole("tab", { name: "web.yaml", selected: true }).waitFor();
  expect(await tabs(other)).toEqual(before.tabs);
  expect(await width(other)).toBe(before.width);
  const html = other.locator("html");
  expect([await html.getAttribute("lang"), await html.getAttribute("data-theme")]).toEqual(["ko", "light"]);
  const font = () =>
    other
      .locator(".cm-content")
      .first()
      .evaluate((text) => getComputedStyle(text).fontSize);
  expect(await font()).toBe("17px");
  await other.locator(".cm-content.cm-lineWrapping").first().waitFor();
  await other.keyboard.press("Control+Alt+k");
  const keys = other.getByTestId("shortcuts").locator('[data-id="file.saveAll"] kbd');
  await expect.poll(() => keys.allTextContents()).toEqual(["Ctrl", "Alt", "Shift", "Y"]);
  await other.context().close();
});

test("two browsers that are open follow one another, and keep what each changed", async () => {
  const [one, other] = [await openIde(browser, account), await openIde(browser, account)];
  const press = async (page: Page, command: string) => {
    await page.keyboard.press("F1");
    await page.keyboard.type(command);
    await page.keyboard.press("Enter");
  };
  await press(one, "dark col");
  await press(other, "larger");
  await expect
    .poll(kept, { timeout: 15 * SECOND })
    .toMatchObject({ "theme.name": "dark", "settings.editorFont": 14.5 });
  await other.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await expect.poll(() => other.locator("html").getAttribute("data-theme")).toBe("dark");
  await one.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  const font = () => one.evaluate(() => document.documentElement.style.getPropertyValue("--editor-font"));
  await expect.poll(font).toBe("14.5px");
  await one.context().close();
  await other.context().close();
});
