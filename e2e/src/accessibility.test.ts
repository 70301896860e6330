/** Every page as axe sees it: WCAG 2.1 A and AA, light and dark and high contrast, on a desk and on a phone. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { maru, newStudent } from "./instance.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const account = newStudent("axe");
let browser: Browser;

beforeAll(async () => {
  await new Client(account).workspaceReady();
  browser = await launch();
});

afterAll(() => browser?.close());

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** What is wrong, in one line each; an empty list where nothing is. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(what: object): Promise<{ violations: Violation[] }> } };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
    return (await axe.run({ runOnly: { type: "tag", values: tags } })).violations;
  });
  return found.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${target.join(" ")} — ${failureSummary.split("\n")[1]?.trim()}`,
    ),
  );
}

const LOOKS = [
  { name: "light", colorScheme: "light" },
  { name: "dark", colorScheme: "dark" },
  { name: "high contrast", colorScheme: "dark", theme: "contrast" },
] as const;

describe("the IDE", () => {
  for (const look of LOOKS) {
    test(`in ${look.name}, whatever is open in it`, async () => {
      const page = await openIde(browser, account, { colorScheme: look.colorScheme });
      if ("theme" in look) {
        await page.evaluate((theme) => localStorage.setItem("maru.theme", theme), look.theme);
        await page.reload();
        await page
          .locator("[data-path]")
          .first()
          .waitFor({ timeout: 60 * SECOND });
      }
      const clean = async (what: string) => expect(await violations(page), what).toEqual([]);
      await page.locator('[data-path="guestbook/README.md"]').click();
      await page.getByTestId("editor").locator(".cm-line").first().waitFor();
      await clean("files and editor");
      for (const id of ["search", "scm", "ports"]) {
        await page.getByTestId(`activity-${id}`).click();
        await page.locator(`[data-view="${id}"] section`).first().waitFor();
        if (id === "search") {
          await page.getByTestId("search-query").fill("guestbook");
          await page.getByRole("button", { name: "Show or hide replacing" }).click();
          await page.locator(".hit").first().waitFor();
        }
        await clean(id);
      }
      for (const [keys, id] of [
        ["Control+Shift+P", "palette"],
        ["Control+,", "settings"],
        ["Control+Alt+k", "shortcuts"],
      ] as const) {
        await page.keyboard.press(keys);
        await page.getByTestId(id).waitFor();
        await clean(id);
        await page.keyboard.press("Escape");
        await page.getByTestId(id).waitFor({ state: "detached" });
      }
      await page.context().close();
    });
  }

  test("on a phone, pane by pane", async () => {
    const page = await openIde(browser, account, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    for (const name of ["Files", "Editor", "Terminal", "Deploy"]) {
      await page.locator(".pane-switch").getByRole("button", { name }).click();
      expect(await violations(page), name).toEqual([]);
    }
    await page.context().close();
  });
});

describe("the login page and the administration", () => {
  const SIZES = [
    { width: 1440, height: 900 },
    { width: 390, height: 844 },
  ];
  for (const { name, colorScheme } of LOOKS.slice(0, 2)) {
    test(`in ${name}, on a desk and on a phone`, async () => {
      for (const viewport of SIZES) {
        const context = await browser.newContext({ locale: "ko-KR", colorScheme, viewport });
        const page = await context.newPage();
        const clean = async (what: string) => expect(await violations(page), what).toEqual([]);
        await page.goto(`${maru.url}/login`);
        await clean("login");
        const { login, password } = maru.admin;
        await page.request.post(`${maru.url}/api/v1/session`, { data: { login, password } });
        const { classes } = await new Client(maru.admin).json<{ classes: { id: string }[] }>(
          "GET",
          "/api/v1/admin/classes?q=demo",
        );
        for (const path of [
          "/admin",
          `/admin/users/${account.login}`,
          "/admin/classes",
          `/admin/classes/${classes[0]?.id}`,
          "/admin/usage",
          "/admin/audit",
          "/admin/settings",
          "/account",
        ]) {
          await page.goto(maru.url + path);
          await page.locator("h1").first().waitFor();
          await clean(path);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
          expect(wide, `${path} is wider than the screen`).toBe(false);
        }
        for (const [path, id] of [
          ["/admin", "new-user"],
          ["/admin/classes", "new-class"],
        ]) {
          await page.goto(maru.url + path);
          await page.locator(`[data-open="${id}"]`).click();
          await page.locator(`[data-dialog="${id}"]`).waitFor();
          await clean(`${path}, ${id}`);
          await page.keyboard.press("Escape");
        }
        await context.close();
      }
    });
  }
});
