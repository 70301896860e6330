/** Every page as axe sees it: WCAG 2.1 A and AA, light and dark and high contrast, on a desk and on a phone. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openIde, PHONE, SECOND, visit } from "./browser.ts";
import { Client } from "./client.ts";
import { maru, newStudent } from "./instance.ts";
import { createTerminal } from "./terminal.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const account = newStudent("axe");
const student = new Client(account);
const MANIFEST = "/api/v1/workspace/files/guestbook/k8s/web.yaml";
const PORT = 8124;
let browser: Browser;

beforeAll(async () => {
  await student.workspaceReady();
  // A Deploy that has failed, what is wrong named with its place; and something that is not committed.
  const good = await (await student.ask("GET", MANIFEST)).text();
  await student.status("PUT", MANIFEST, { body: good.replace("containers:", "contianers:") });
  expect((await student.deploy("a mistake")).state).toBe("failed");
  await student.status("PUT", "/api/v1/workspace/files/guestbook/README.md", { body: "# Another\n" });
  await student.status("PUT", "/api/v1/workspace/files/guestbook/gone.txt", { body: "gone" });
  await student.status("DELETE", "/api/v1/workspace/files/guestbook/gone.txt");
  await student.json("POST", "/api/v1/workspace/snapshots", { json: { name: "axe" } });
  await createTerminal(student, `python3 -m http.server ${PORT}`);
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

/** A dialog that has no keys of its own, by the id of its action. */
async function openByPalette(page: Page, action: string): Promise<void> {
  await page.keyboard.press("F1");
  await page.locator(`[data-testid="palette"] [data-id="${action}"]`).click();
}

async function openPlan(page: Page): Promise<void> {
  await page.getByTestId("plan").locator("summary").first().click();
  await page.locator(".plan-summary.bad").waitFor();
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
      await page.locator('[data-view="ports"]').getByTestId("port-show").first().click();
      await page.getByTestId("port-preview").waitFor();
      await clean("a preview");
      await page.getByTestId("activity-scm").click();
      await page.getByTestId("scm").locator(".scm-entry-name").first().click();
      await page.getByTestId("hunk").first().waitFor();
      await clean("a change");
      for (const view of ["problems", "output", "ports"]) {
        await page.getByTestId(`panel-tab-${view}`).click();
        if (view === "problems") await page.locator(".problem").first().waitFor();
        await clean(`panel: ${view}`);
      }
      for (const [id, what] of [
        ["builds", "repository"],
        ["rollout", "target"],
      ] as const) {
        await page.getByTestId(`activity-${id}`).click();
        await page.getByTestId(what).first().waitFor();
        await clean(id);
      }
      await clean("a Deploy that failed");
      await openPlan(page);
      await clean("what a Deploy would do");
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
      for (const [command, id, row] of [
        ["trash.show", "trash", ".trash-row"],
        ["project.new", "new-project", ".template"],
        ["snapshots.show", "snapshots", ".snapshot-row"],
      ] as const) {
        await openByPalette(page, command);
        await page.getByTestId(id).locator(row).first().waitFor();
        await clean(id);
        await page.keyboard.press("Escape");
        await page.getByTestId(id).waitFor({ state: "detached" });
      }
      await page.context().close();
    });
  }

  for (const { name, colorScheme } of LOOKS.slice(0, 2)) {
    test(`in ${name} on a phone, pane by pane`, async () => {
      const page = await openIde(browser, account, { ...PHONE, colorScheme });
      const clean = async (what: string) => expect(await violations(page), what).toEqual([]);
      const pane = (of: string) => page.locator(".pane-switch").getByRole("button", { name: of }).click();
      for (const of of ["Files", "Editor", "Terminal", "Deploy"]) {
        await pane(of);
        await clean(of);
      }
      await openPlan(page);
      await clean("what a Deploy would do");
      for (const id of ["search", "scm", "ports"]) {
        await pane("Files");
        await page.getByTestId(`activity-${id}`).click();
        await page.locator(`[data-view="${id}"] section`).first().waitFor();
        await clean(id);
      }
      for (const [id, what] of [
        ["builds", "repository"],
        ["rollout", "target"],
      ] as const) {
        await pane("Files");
        await page.getByTestId(`activity-${id}`).click();
        await page.getByTestId(what).first().waitFor();
        await clean(id);
      }
      for (const [action, id, row] of [
        ["trash.show", "trash", ".trash-row"],
        ["project.new", "new-project", ".template"],
        ["snapshots.show", "snapshots", ".snapshot-row"],
      ] as const) {
        await page.getByTestId("palette-button").click();
        await page.keyboard.type(">");
        await page.locator(`[data-testid="palette"] [data-id="${action}"]`).click();
        await page.getByTestId(id).locator(row).first().waitFor();
        await clean(id);
        await page.keyboard.press("Escape");
      }
      await pane("Terminal");
      await page.getByTestId("panel-tab-problems").click();
      await page.locator(".problem").first().waitFor();
      await clean("problems");
      await page.context().close();
    });

    test(`in ${name}, with an application's parts`, async () => {
      for (const options of [{}, PHONE]) {
        // The one that ./up has deployed.
        const page = await openIde(browser, maru.student, { ...options, colorScheme });
        if ("isMobile" in options)
          await page.locator(".pane-switch").getByRole("button", { name: "Deploy" }).click();
        await page.getByTestId("appmap-open").click();
        await page.getByTestId("map-node").first().waitFor();
        expect(await violations(page)).toEqual([]);
        await page.getByTestId("map-node").last().click();
        expect(await violations(page)).toEqual([]);
        await page.getByRole("tab", { name: "Secrets" }).click();
        await page.getByTestId("secret-new").click();
        await page.getByTestId("secret-add").click();
        expect(await violations(page)).toEqual([]);
        await page.context().close();
      }
    });
  }
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
        await visit(page, `${maru.url}/network`);
        await page.locator('[data-summary]:not([data-state="running"])').waitFor();
        await clean("network");
        await visit(page, `${maru.url}/login`);
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
          await visit(page, maru.url + path);
          await page.locator("h1").first().waitFor();
          await clean(path);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
          expect(wide, `${path} is wider than the screen`).toBe(false);
        }
        for (const [path, id] of [
          ["/admin", "new-user"],
          ["/admin/classes", "new-class"],
        ]) {
          await visit(page, maru.url + path);
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
