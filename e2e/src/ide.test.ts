/** The IDE by keys and by mouse: palette, quick open, search and replace, source control. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("ide");
const student = new Client(account);
const FILES = "/api/v1/workspace/files";
const SECOND_FILE = "notes/%EB%91%90%20%EB%B2%88%EC%A7%B8.md";

let browser: Browser;
let page: Page;

const testId = (id: string) => page.getByTestId(id);
const write = (path: string, body: string) => student.status("PUT", `${FILES}/guestbook/${path}`, { body });
const read = async (path: string) => (await student.ask("GET", `${FILES}/guestbook/${path}`)).text();
const cursor = () => page.locator(".status-bar").textContent();

beforeAll(async () => {
  await student.workspaceReady();
  await write("notes/one.txt", "apple pear\nApple\nno fruit\n");
  await write("notes/두 번째.md", "# pear\n\nan apple a day\n");
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(() => browser?.close());

describe("the palette", () => {
  test("finds and does every action, by keys alone, in both languages", async () => {
    await page.keyboard.press("Control+Shift+P");
    const palette = testId("palette");
    await palette.waitFor();
    expect(await palette.locator("[role=option]").count()).toBeGreaterThan(30);
    await page.keyboard.type("dark col");
    await palette.locator('[data-id="theme.dark"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
    await palette.waitFor({ state: "detached" });
    await expect.poll(() => page.locator("html").getAttribute("data-theme")).toBe("dark");

    await page.keyboard.press("F1");
    await page.keyboard.type("한국어");
    await palette.locator('[data-id="lang.ko"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("html").getAttribute("lang")).toBe("ko");
    await page.keyboard.press("F1");
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText(">english");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("html").getAttribute("lang")).toBe("en");
    await page.keyboard.press("F1");
    await page.keyboard.type("colours as");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("html").getAttribute("data-theme")).toBeNull();
  });

  test("has what the menus and pages have, in both languages", async () => {
    const everywhere = {
      "workspace.restart": ["Restart the workspace", "작업 공간 다시 시작"],
      "workspace.recreate": ["Recreate the workspace", "작업 공간 다시 만들기"],
      "workspace.reset": ["Factory reset", "초기화"],
      "workspace.stop": ["Stop", "정지"],
      "snapshots.take": ["Take a snapshot", "스냅샷"],
      "builds.show": ["Images and builds", "이미지와 빌드"],
      "rollout.show": ["Rollout", "롤아웃"],
      "rollout.refresh": ["Refresh from git", "git 불러오기"],
      "rollout.start": ["Roll out the target state", "목표 상태 롤아웃"],
      "rollout.back": ["Go back to the rollout before", "이전 롤아웃으로 되돌리기"],
      "app.secrets": ["Secrets of the application", "앱의 시크릿"],
    };
    for (const [at, lang] of ["en", "ko"].entries()) {
      await page.keyboard.press("F1");
      if (lang === "ko") {
        await page.keyboard.type("한국어");
        await page.keyboard.press("Enter");
        await expect.poll(() => page.locator("html").getAttribute("lang")).toBe("ko");
        await page.keyboard.press("F1");
      }
      for (const [id, words] of Object.entries(everywhere))
        await expect
          .poll(() => testId("palette").locator(`[data-id="${id}"]`).innerText(), { message: id })
          .toContain(words[at]);
      await page.keyboard.press("Escape");
      await testId("palette").waitFor({ state: "detached" });
    }
    await page.keyboard.press("F1");
    await page.keyboard.insertText("english");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("html").getAttribute("lang")).toBe("en");
  });

  test("opens a file at a line, and goes to another", async () => {
    await page.keyboard.press("Control+p");
    await page.keyboard.type("notes one.txt:2:3");
    await testId("palette").locator('[data-id="guestbook/notes/one.txt"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
    await eventually("the cursor is there", 10, async () => (await cursor())?.includes("Ln 2, Col 3"));
    await page.keyboard.press("Control+g");
    await page.keyboard.type("3");
    await page.keyboard.press("Enter");
    await eventually("the cursor is there", 10, async () => (await cursor())?.includes("Ln 3, Col 1"));
  });

  test("leaves Ctrl-P to the shell while a terminal has the focus", async () => {
    await testId("terminal").click();
    await page.keyboard.press("Control+p");
    expect(await testId("palette").count()).toBe(0);
    await page.keyboard.press("Control+Shift+P");
    await testId("palette").waitFor();
    await page.keyboard.press("Escape");
    await testId("palette").waitFor({ state: "detached" });
  });

  test("shows the keys, which can be changed and given back", async () => {
    await page.keyboard.press("Control+Alt+k");
    const list = testId("shortcuts");
    await list.locator("input[type=search]").fill("save all");
    const row = list.locator('[data-id="file.saveAll"]');
    await row.getByRole("button", { name: /Change/ }).click();
    await row.locator(".recorder:focus").waitFor();
    await page.keyboard.press("Control+Alt+Shift+Y");
    await expect.poll(() => row.locator("kbd").allTextContents()).toEqual(["Ctrl", "Alt", "Shift", "Y"]);
    await row.getByRole("button", { name: /first keys/ }).click();
    await expect.poll(() => row.locator("kbd").allTextContents()).toEqual(["Ctrl", "Alt", "S"]);
    await page.keyboard.press("Escape");
    await list.waitFor({ state: "detached" });
  });
});

describe("search in files", () => {
  const hits = () => testId("search-hits").locator(".hit");

  test("finds as somebody types, heeds case and globs, and opens at the place", async () => {
    await page.keyboard.press("Control+Shift+F");
    await testId("search-query").fill("apple");
    await eventually("all are found", 20, async () => (await hits().count()) === 3);
    await page.getByRole("button", { name: "Match case" }).click();
    await eventually("one less", 20, async () => (await hits().count()) === 2);
    await testId("search-glob").fill("*.md");
    await eventually("one file", 20, async () => (await hits().count()) === 1);
    await hits().first().click();
    await eventually("the cursor is there", 10, async () => (await cursor())?.includes("Ln 3, Col 4"));
    await page.getByRole("button", { name: "Match case" }).click();
    await testId("search-glob").fill("");
    await page.getByRole("button", { name: "Regular expression" }).click();
    await testId("search-query").fill("^a\\w+e( pear)?$");
    await eventually("two lines", 20, async () => (await hits().count()) === 2);
  });

  test("says what is wrong with an expression", async () => {
    await testId("search-query").fill("(");
    await page.locator(".search-summary.notice").waitFor();
    await page.getByRole("button", { name: "Regular expression" }).click();
  });

  test("says what it left out because of its size", async () => {
    await student.status("PUT", `${FILES}/notes/large.txt`, { body: "apple\n".repeat(3_000_000) });
    await testId("search-query").fill("apple pie of nobody");
    await expect.poll(() => testId("search-summary").textContent()).toMatch(/larger than 16 MiB, .*: 1\./);
    await student.status("DELETE", `${FILES}/notes/large.txt`);
  });

  test("replaces what was chosen, also in an open file, and takes it back", async () => {
    await testId("search-query").fill("apple");
    await eventually("all are found", 20, async () => (await hits().count()) === 3);
    await page.getByRole("button", { name: "Show or hide replacing" }).click();
    await testId("search-replacement").fill("plum");
    await hits().first().locator("ins", { hasText: "plum" }).waitFor();
    // One line stays as it is.
    await page.locator('.hit[data-path="guestbook/notes/one.txt"][data-line="2"] input').click();
    await testId("replace-all").click();
    await page.locator("dialog .danger").click();
    await eventually("they are replaced", 20, async () =>
      (await read("notes/one.txt")).startsWith("plum pear\nApple\n"),
    );
    // One file after the other.
    await expect.poll(() => read(SECOND_FILE), { timeout: 20 * SECOND }).toBe("# pear\n\nan plum a day\n");
    await page.getByRole("button", { name: "Undo" }).click();
    await eventually("they are back", 20, async () =>
      (await read("notes/one.txt")).startsWith("apple pear\nApple\n"),
    );
    // One file after the other.
    await expect.poll(() => read(SECOND_FILE), { timeout: 20 * SECOND }).toBe("# pear\n\nan apple a day\n");
  });
});

describe("source control", () => {
  const entry = (group: string, path: string) =>
    testId("scm").locator(`[data-group="${group}"] [data-path="${path}"]`);

  test("stages a hunk, commits it, and leaves the other", async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
    await write("notes/many.txt", `${lines.join("\n")}\n`);
    await page.keyboard.press("Control+Shift+G");
    await entry("unstaged", "notes/many.txt").waitFor({ timeout: 20 * SECOND });
    await testId("scm-message").fill("Notes");
    await testId("scm-commit").click();
    await testId("scm")
      .getByText("Nothing has changed")
      .waitFor({ timeout: 20 * SECOND });
    await testId("scm").locator(".scm-subject", { hasText: "Notes" }).waitFor();

    await write("notes/many.txt", `${["first", ...lines, "last"].join("\n")}\n`);
    await entry("unstaged", "notes/many.txt").locator(".scm-entry-name").click();
    const hunks = testId("hunk");
    await eventually("two hunks", 20, async () => (await hunks.count()) === 2);
    await hunks.nth(1).getByRole("button", { name: "Stage" }).click();
    await entry("staged", "notes/many.txt").waitFor({ timeout: 20 * SECOND });
    await eventually("one hunk is left", 20, async () => (await hunks.count()) === 1);
    await testId("scm-message").fill("The last line");
    await page.keyboard.press("Control+Enter");
    await entry("staged", "notes/many.txt").waitFor({ state: "detached", timeout: 20 * SECOND });
    await entry("unstaged", "notes/many.txt").waitFor();
    const status = await student.json<{ ahead: number; entries: { path: string }[] }>(
      "GET",
      "/api/v1/workspace/git/status",
    );
    expect(status.entries.map(({ path }) => path)).toEqual(["notes/many.txt"]);
    expect(status.ahead).toBe(2);
  });

  test("compares both sides, discards with undo, and pushes", async () => {
    await page.getByRole("button", { name: "Side by side" }).click();
    await testId("diff-beside").locator(".cm-merge-b .cm-changedLine", { hasText: "first" }).waitFor();
    await page.getByRole("button", { name: "Hunks" }).click();
    await entry("unstaged", "notes/many.txt").hover();
    await page.getByRole("button", { name: "Discard the changes of many.txt" }).click();
    await eventually("it is as it was", 20, async () =>
      (await read("notes/many.txt")).startsWith("line 1\n"),
    );
    await page.getByRole("button", { name: "Undo" }).last().click();
    await eventually("it is changed again", 20, async () =>
      (await read("notes/many.txt")).startsWith("first\n"),
    );
    await testId("scm-push").click();
    await eventually("all is pushed", 30, async () => {
      const { ahead } = await student.json<{ ahead: number }>("GET", "/api/v1/workspace/git/status");
      return ahead === 0;
    });
  });

  test("is told in git's place: names and options that are none", async () => {
    const post = (what: string, json: unknown) =>
      student.ask("POST", `/api/v1/workspace/git/${what}`, { json });
    const wrong = await post("switch", { branch: "--help" });
    expect(wrong.status).toBe(400);
    expect((await post("commit", { message: " " })).status).toBe(400);
    expect(await student.status("GET", "/api/v1/workspace/git/commits/HEAD")).toBe(404);
    expect(await student.status("GET", "/api/v1/workspace/git/file?path=nowhere.txt")).toBe(404);
    const nothing = await post("stage", { paths: ["*.txt"] });
    expect([nothing.status, ((await nothing.json()) as { code: string }).code]).toEqual([409, "git_failed"]);
    const home = await student.ask("GET", "/api/v1/workspace/git/status?folder=");
    expect([home.status, ((await home.json()) as { code: string }).code]).toEqual([409, "no_project"]);
  });
});

describe("the trash", () => {
  const there = async (path: string) => (await student.ask("HEAD", `${FILES}/guestbook/${path}`)).status;

  test("gives back what was deleted, or deletes it for good after a question", async () => {
    for (const path of ["trash/back.txt", "trash/gone.txt"]) {
      await write(path, path);
      await student.status("DELETE", `${FILES}/guestbook/${path}`);
    }
    const files = testId("activity-files");
    if ((await files.getAttribute("aria-pressed")) !== "true") await files.click();
    await page.getByRole("button", { name: "Trash", exact: true }).click();
    const trash = testId("trash");
    const row = (name: string) => trash.locator(`[data-path="guestbook/trash/${name}"]`);
    await row("back.txt").getByRole("button", { name: "Put" }).click();
    await trash.getByText("guestbook/trash/back.txt is back.").waitFor();
    expect(await read("trash/back.txt")).toBe("trash/back.txt");
    await row("back.txt").waitFor({ state: "detached" });

    await row("gone.txt").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete for good", exact: true }).last().click();
    await row("gone.txt").waitFor({ state: "detached" });
    expect(await there("trash/gone.txt")).toBe(404);

    await student.status("DELETE", `${FILES}/guestbook/trash/back.txt`);
    await page.keyboard.press("Escape");
    await trash.waitFor({ state: "detached" });
    await page.keyboard.press("F1");
    await page.keyboard.type("trash");
    await page.keyboard.press("Enter");
    await trash.getByRole("button", { name: "Empty the trash" }).click();
    await page.locator("dialog").last().getByRole("button", { name: "Empty the trash" }).click();
    await testId("trash-none").waitFor();
    await page.keyboard.press("Escape");
  });
});

describe("terminals", () => {
  const screen = () => testId("terminal").locator(".xterm-rows:visible");
  const type = async (text: string) => {
    await testId("terminal").locator(".terminal-mount").click();
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  };

  test("lead from a place in their output into the editor", async () => {
    await type("clear; echo at notes/one.txt:3:4 and more");
    const row = screen().locator("div", { hasText: /^at notes/ });
    await row.waitFor();
    const box = await row.boundingBox();
    if (!box) throw new Error("no row");
    const cell = await testId("terminal")
      .locator(".xterm-screen")
      .evaluate((element) => element.clientWidth / 100);
    await page.mouse.move(box.x + cell * 5, box.y + box.height / 2, { steps: 4 });
    await page.mouse.click(box.x + cell * 5, box.y + box.height / 2, { delay: 60 });
    await eventually("the cursor is there", 10, async () => (await cursor())?.includes("Ln 3, Col 4"));
  });

  test("find what they show", async () => {
    await type("clear; seq 100 140");
    await screen().filter({ hasText: "140" }).waitFor();
    await page.keyboard.press("Control+Alt+f");
    await testId("terminal-find").fill("117");
    await eventually("it is marked", 10, async () => {
      return (await testId("terminal").locator(".xterm-decoration-container > div").count()) > 0;
    });
    await page.keyboard.press("Escape");
    await testId("terminal-find").waitFor({ state: "detached" });
  });

  test("ask before many lines are run at once", async () => {
    await type("clear; printf '\\e[?2004l'; cat > /tmp/pasted");
    await page.waitForTimeout(500);
    await testId("terminal")
      .locator("textarea")
      .evaluate((element) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", "one\ntwo\n");
        element.dispatchEvent(
          new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
        );
      });
    await page.locator("dialog .danger").click();
    await screen().filter({ hasText: "two" }).waitFor();
    await page.keyboard.press("Control+d");
  });
});

describe("settings", () => {
  test("are in force at once, and after the page is loaded again", async () => {
    await page.keyboard.press("Control+,");
    const settings = testId("settings");
    await settings.getByRole("button", { name: "high contrast" }).click();
    await settings.getByLabel("Size of letters in the editor").fill("20");
    await settings.getByLabel("Size of letters in the editor").press("Tab");
    await settings.getByLabel(/Save by itself/).check();
    await settings.getByRole("button", { name: "Close" }).click();
    const size = () =>
      testId("editor")
        .locator(".cm-editor")
        .evaluate((element) => getComputedStyle(element).fontSize);
    await expect.poll(size).toBe("20px");
    expect(await page.locator("html").getAttribute("data-theme")).toBe("contrast");

    await testId("editor").locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("saved by itself");
    await eventually("it is saved", 10, async () =>
      (await read("notes/one.txt")).endsWith("saved by itself"),
    );
    await page.reload();
    await testId("editor")
      .locator(".cm-content")
      .waitFor({ timeout: 60 * SECOND });
    await expect.poll(size).toBe("20px");
  });
});
