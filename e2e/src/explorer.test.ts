/** The explorer: by keys alone, beside a shell that makes files, and with what is dropped on it from the desktop. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { focusTerminal, launch, openIde, SECOND, typeLine } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("explorer");
const student = new Client(account);
const FILES = "/api/v1/workspace/files/guestbook";
const MIB = 1024 * 1024;
const desktop = mkdtempSync(join(tmpdir(), "maru-desktop-"));

let browser: Browser;
let page: Page;
let mouse: CDPSession;

const row = (path: string) => page.getByTestId("file-tree").locator(`[data-path="guestbook/${path}"]`);
const there = (path: string) => student.status("HEAD", `${FILES}/${path}`);
const bytes = async (path: string) =>
  Buffer.from(await (await student.ask("GET", `${FILES}/${path}`)).arrayBuffer());
const hash = (data: Buffer) => createHash("sha256").update(data).digest("hex");

beforeAll(async () => {
  await student.workspaceReady();
  await student.status("PUT", `${FILES}/play/first.txt`, { body: "first\n" });
  browser = await launch();
  page = await openIde(browser, account);
  mouse = await page.context().newCDPSession(page);
});

afterAll(async () => {
  await browser?.close();
  rmSync(desktop, { recursive: true });
});

describe("by keys alone", () => {
  test("a file is made, named anew, thrown away and had back", async () => {
    await page.getByTestId("file-tree").locator('[role="treeitem"][tabindex="0"]').focus();
    await page.keyboard.press("Home");
    for (let step = 0; step < 9 && (await row("play").getAttribute("aria-selected")) !== "true"; step++)
      await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await row("play/first.txt").waitFor();
    await page.keyboard.press("F1");
    await page.keyboard.type("new file");
    await page.getByTestId("palette").locator('[data-id="files.new"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".tree-name-field:focus").waitFor();
    await page.keyboard.insertText("새 파일.txt");
    await page.keyboard.press("Enter");
    await row("play/새 파일.txt").waitFor();
    await page.getByRole("tab", { name: "새 파일.txt", selected: true }).waitFor();
    expect(await there("play/새 파일.txt")).toBe(200);

    // The name up to its ending is chosen, so that typing replaces it.
    await row("play/새 파일.txt").focus();
    await page.keyboard.press("F2");
    await page.locator(".tree-name-field:focus").waitFor();
    await page.keyboard.type("renamed");
    await page.keyboard.press("Enter");
    await row("play/renamed.txt").waitFor();
    await page.getByRole("tab", { name: "renamed.txt", selected: true }).waitFor();
    expect([await there("play/새 파일.txt"), await there("play/renamed.txt")]).toEqual([404, 200]);
    // Escape leaves it as it was.
    await row("play/renamed.txt").focus();
    await page.keyboard.press("F2");
    await page.keyboard.type("never");
    await page.keyboard.press("Escape");
    await page.locator(".tree-name-field").waitFor({ state: "detached" });
    expect([await there("play/never.txt"), await there("play/renamed.txt")]).toEqual([404, 200]);

    await row("play/renamed.txt").focus();
    await page.keyboard.press("Delete");
    const said = page.locator(".toast", { hasText: "renamed.txt is in the trash." });
    await said.waitFor();
    await row("play/renamed.txt").waitFor({ state: "detached" });
    expect(await there("play/renamed.txt")).toBe(404);
    await said.getByRole("button", { name: "Undo" }).focus();
    await page.keyboard.press("Enter");
    await row("play/renamed.txt").waitFor();
    expect(await there("play/renamed.txt")).toBe(200);
  });
});

test("what a shell makes and removes is seen at once", async () => {
  await focusTerminal(page);
  await typeLine(page, "cd ~/guestbook/play && touch by-shell.txt");
  // Nobody looks now and then: the change itself was told.
  await row("play/by-shell.txt").waitFor({ timeout: 5 * SECOND });
  await typeLine(page, "rm by-shell.txt");
  await row("play/by-shell.txt").waitFor({ state: "detached", timeout: 5 * SECOND });
});

describe("a drop", () => {
  /** As the desktop does it: over the row, and let go there. */
  async function drop(path: string, ...names: string[]): Promise<void> {
    const box = await row(path).boundingBox();
    if (!box) throw new Error(`no row ${path}`);
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    const data = { items: [], files: names.map((name) => join(desktop, name)), dragOperationsMask: 1 };
    await mouse.send("Input.dispatchDragEvent", { type: "dragEnter", ...at, data });
    await mouse.send("Input.dispatchDragEvent", { type: "dragOver", ...at, data });
    await page.locator(".drop-hint", { hasText: path }).waitFor();
    await mouse.send("Input.dispatchDragEvent", { type: "drop", ...at, data });
  }

  test("of files and a folder brings all of it, whole", async () => {
    const large = randomBytes(9 * MIB);
    writeFileSync(join(desktop, "large.bin"), large);
    // As macOS writes it: each letter on its own.
    writeFileSync(join(desktop, "한글.txt".normalize("NFD")), "가나다\n");
    mkdirSync(join(desktop, "folder/in/empty"), { recursive: true });
    writeFileSync(join(desktop, "folder/a.txt"), "a");
    writeFileSync(join(desktop, "folder/in/b.txt"), "b");
    await drop("play", "large.bin", "한글.txt".normalize("NFD"), "folder");
    await page.locator(".toast", { hasText: "Uploaded: 4" }).waitFor({ timeout: 30 * SECOND });
    for (const name of ["large.bin", "한글.txt", "folder"]) await row(`play/${name}`).waitFor();
    await page.getByTestId("upload-bar").waitFor({ state: "detached" });
    expect(hash(await bytes("play/large.bin"))).toBe(hash(large));
    expect((await bytes("play/한글.txt")).toString()).toBe("가나다\n");
    expect((await bytes("play/folder/a.txt")).toString()).toBe("a");
    expect((await bytes("play/folder/in/b.txt")).toString()).toBe("b");
    const { entries } = await student.json<{ entries: { name: string }[] }>(
      "GET",
      "/api/v1/workspace/tree/guestbook/play/folder/in",
    );
    expect(entries.map(({ name }) => name).sort()).toEqual(["b.txt", "empty"]);
  });

  test("of a large file shows how far it is, and is cancelled without a trace", async () => {
    writeFileSync(join(desktop, "huge.bin"), "");
    truncateSync(join(desktop, "huge.bin"), 40 * MIB);
    // The line breaks off after two parts: what follows waits until it is seen how far it came.
    let parts = 0;
    const upload = "**/api/v1/workspace/uploads/*";
    await page.route(upload, async (route) => {
      if (route.request().method() === "PATCH" && ++parts > 2) return;
      await route.continue();
    });
    await drop("play", "huge.bin");
    const bar = page.getByTestId("upload-bar");
    await bar.filter({ hasText: "huge.bin (1 of 1)" }).filter({ hasText: "20%" }).waitFor();
    expect(await bar.locator("progress").getAttribute("value")).toBe("20");
    const removed = page.waitForResponse(
      (answer) => answer.request().method() === "DELETE" && answer.url().includes("/workspace/uploads/"),
    );
    await bar.getByRole("button", { name: "Cancel" }).click();
    await page.locator(".toast", { hasText: "The upload was cancelled." }).waitFor();
    await bar.waitFor({ state: "detached" });
    expect((await removed).ok()).toBe(true);
    const { pathname } = new URL((await removed).url());
    expect(await student.status("GET", pathname)).toBe(404);
    expect(await there("play/huge.bin")).toBe(404);
    expect(await row("play/huge.bin").count()).toBe(0);
    await page.unroute(upload);

    // The next one is not held up by it.
    writeFileSync(join(desktop, "after.txt"), "after");
    await drop("play", "after.txt");
    await row("play/after.txt").waitFor();
    await expect.poll(async () => (await bytes("play/after.txt")).toString()).toBe("after");
  });

  test("of a name that is taken asks before anything is replaced", async () => {
    writeFileSync(join(desktop, "first.txt"), "second\n");
    await drop("play", "first.txt");
    const question = page.locator("dialog", { hasText: "Replace first.txt?" });
    await question.getByRole("button", { name: "Cancel" }).click();
    await page.getByTestId("upload-bar").waitFor({ state: "detached" });
    expect((await bytes("play/first.txt")).toString()).toBe("first\n");
    await drop("play", "first.txt");
    await question.getByRole("button", { name: "Replace" }).click();
    await expect.poll(async () => (await bytes("play/first.txt")).toString()).toBe("second\n");
  });
});
