/** Hangul as an input method composes it, syllable by syllable: nothing doubled, nothing lost, in a shell and in a file. */
import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { focusTerminal, launch, openIde, terminalLines } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("hangul");
const student = new Client(account);
const FILES = "/api/v1/workspace/files";

let browser: Browser;
let page: Page;
let keyboard: CDPSession;

const read = async (path: string) => (await student.ask("GET", `${FILES}/${path}`)).text();

/** A key that the input method takes for itself, and the syllable as it is then. */
async function compose(syllable: string): Promise<void> {
  const key = { key: "Process", code: "KeyG", windowsVirtualKeyCode: 229 };
  await keyboard.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...key });
  const end = syllable.length;
  await keyboard.send("Input.imeSetComposition", { text: syllable, selectionStart: end, selectionEnd: end });
  await keyboard.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
}

/** The syllable is whole: it takes the place of what was composed. No hand has its next key within the same turn of the page. */
async function commit(syllable: string): Promise<void> {
  await keyboard.send("Input.insertText", { text: syllable });
  await page.evaluate(() => new Promise((turned) => setTimeout(turned)));
}

/** Each syllable is committed by the key that begins the next one, as on every Korean keyboard. */
async function typeSyllables(...syllables: string[][]): Promise<void> {
  for (const steps of syllables) {
    for (const step of steps.slice(0, -1)) await compose(step);
    await commit(steps.at(-1) ?? "");
  }
}

const HAN = ["ㅎ", "하", "한", "한"];
const GEUL = ["ㄱ", "그", "글", "글"];

beforeAll(async () => {
  await student.workspaceReady();
  await student.status("PUT", `${FILES}/guestbook/syllables.txt`, { body: "" });
  browser = await launch();
  page = await openIde(browser, account);
  keyboard = await page.context().newCDPSession(page);
});

afterAll(() => browser?.close());

test("in the terminal it is sent once, also where Enter comes upon the last syllable", async () => {
  await focusTerminal(page);
  await page.keyboard.type("echo ");
  await typeSyllables(HAN, GEUL);
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await terminalLines(page)).filter((line) => line === "한글").length).toBe(1);
  const lines = await terminalLines(page);
  expect(lines.filter((line) => line.includes("한글")).map((line) => line.replace(/^.*\$ /, ""))).toEqual([
    "echo 한글",
    "한글",
  ]);

  // The bytes themselves, between letters of the other kind; the last consonant goes on to the next syllable.
  await page.keyboard.type("echo -n 'a");
  await typeSyllables(["ㅎ", "하", "한", "하"], ["나", "나"]);
  await page.keyboard.type(" b");
  await typeSyllables(HAN, GEUL);
  await page.keyboard.type("' > ~/composed.txt");
  await page.keyboard.press("Enter");
  await expect.poll(() => read("composed.txt")).toBe("a하나 b한글");
});

test("in the editor it stands there once, while it is composed and after, and is saved so", async () => {
  await page.locator('[data-path="guestbook/syllables.txt"]').click();
  await page.getByRole("tab", { name: "syllables.txt", selected: true }).waitFor();
  const text = page.locator(".cm-content:visible");
  await text.click();
  await page.keyboard.type("a ");
  for (const step of ["ㅎ", "하", "한"]) {
    await compose(step);
    await expect.poll(() => text.innerText()).toBe(`a ${step}`);
  }
  await commit("한");
  await typeSyllables(GEUL);
  await page.keyboard.press("Enter");
  await typeSyllables(["ㅎ", "하", "한", "하"], ["나", "나"]);
  await page.keyboard.type(" b");
  await expect.poll(() => page.locator(".cm-line:visible").allTextContents()).toEqual(["a 한글", "하나 b"]);
  await page.keyboard.press("Control+s");
  await expect.poll(() => read("guestbook/syllables.txt")).toBe("a 한글\n하나 b");

  // Some input methods hand a combination on without ending the syllable before it.
  for (const step of ["ㄱ", "그", "글"]) await compose(step);
  await page.keyboard.press("Control+s");
  await expect.poll(() => read("guestbook/syllables.txt")).toBe("a 한글\n하나 b글");
  await commit("글");
  await expect.poll(() => page.locator(".cm-line:visible").allTextContents()).toEqual(["a 한글", "하나 b글"]);
});
