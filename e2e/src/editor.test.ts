/** The editor's groups, previews, conflicts, and what the tree can do: by mouse and by keys. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openFile, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("editor");
const student = new Client(account);
const FILES = "/api/v1/workspace/files";

let browser: Browser;
let page: Page;

const testId = (id: string) => page.getByTestId(id);
const write = (path: string, body: BodyInit) => student.status("PUT", `${FILES}/guestbook/${path}`, { body });
const read = async (path: string) => (await student.ask("GET", `${FILES}/guestbook/${path}`)).text();
const groups = () => testId("editor-group");
const tabs = (group: number) => groups().nth(group).getByRole("tab").allTextContents();
const row = (path: string) => testId("file-tree").locator(`[data-path="guestbook/${path}"]`);

beforeAll(async () => {
  await student.workspaceReady();
  await write("play/a.txt", "the first\n");
  await write("play/b.txt", "the second\n");
  await write("play/c.txt", "the third\n");
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(() => browser?.close());

describe("groups", () => {
  test("are split, filled, and closed by keys, and there again after the page is loaded anew", async () => {
    for (const name of ["a", "b", "c"]) await openFile(page, `play/${name}.txt`);
    await page.keyboard.press("Control+\\");
    await expect.poll(() => groups().count()).toBe(2);
    expect([await tabs(0), await tabs(1)]).toEqual([["a.txt", "b.txt"], ["c.txt"]]);
    // What is typed goes into the text that has the focus, and only there.
    await groups().nth(1).locator(".cm-content").click();
    await page.keyboard.type("right ");
    await page.keyboard.press("F6");
    await page.keyboard.type("left ");
    await page.keyboard.press("Control+Alt+s");
    await expect.poll(() => read("play/c.txt")).toContain("right ");
    await expect.poll(() => read("play/b.txt")).toContain("left ");
    expect(await read("play/c.txt")).not.toContain("left");

    await page.keyboard.press("Control+Alt+ArrowRight");
    await expect.poll(() => tabs(1)).toEqual(["c.txt", "b.txt"]);
    await page.reload();
    await expect.poll(() => groups().count(), { timeout: 60 * SECOND }).toBe(2);
    await expect.poll(() => tabs(1)).toEqual(["c.txt", "b.txt"]);
    await groups().nth(1).locator(".cm-line", { hasText: "left the second" }).waitFor();

    await page.keyboard.press("F1");
    await page.keyboard.type("Close this group");
    await page.keyboard.press("Enter");
    await expect.poll(() => groups().count()).toBe(1);
    expect((await tabs(0)).sort()).toEqual(["a.txt", "b.txt", "c.txt"]);
  });

  test("are made by dragging a tab to a side, and take files of the tree", async () => {
    const head = page.getByRole("tab", { name: "a.txt", exact: true });
    const area = groups().first().locator(".editor-body");
    const box = await area.boundingBox();
    if (!box) throw new Error("no editor");
    await head.dragTo(area, { targetPosition: { x: box.width / 2, y: box.height - 20 } });
    await expect.poll(() => groups().count()).toBe(2);
    expect(await tabs(1)).toEqual(["a.txt"]);
    const [upper, lower] = [await groups().nth(0).boundingBox(), await groups().nth(1).boundingBox()];
    expect((lower?.y ?? 0) > (upper?.y ?? 0) + 20).toBe(true);

    // The bar between them gives one more room.
    const bar = page.locator(".share > .splitter");
    await bar.focus();
    await page.keyboard.press("ArrowUp");
    await expect
      .poll(async () => (await groups().nth(1).boundingBox())?.height)
      .toBeGreaterThan((lower?.height ?? 0) + 5);

    await row("README.md").dragTo(groups().nth(1).locator(".editor-body"));
    await expect.poll(() => tabs(1)).toEqual(["a.txt", "README.md"]);
    // Among the tabs of the other.
    await page
      .getByRole("tab", { name: "README.md", exact: true })
      .dragTo(groups().nth(0).getByRole("tab").first(), { targetPosition: { x: 3, y: 10 } });
    await expect.poll(async () => (await tabs(0))[0]).toBe("README.md");
    await groups().nth(1).getByRole("tab", { name: "a.txt", exact: true }).focus();
    await page.keyboard.press("Delete");
    await expect.poll(() => groups().count()).toBe(1);
  });

  test("are one at a time on a phone, with all tabs", async () => {
    await page.keyboard.press("Control+\\");
    await expect.poll(() => groups().count()).toBe(2);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator(".pane-switch").getByRole("button", { name: "Editor" }).click();
    const seen = page.locator('[data-testid="editor-group"]:visible');
    expect(await seen.count()).toBe(1);
    expect((await seen.getByRole("tab").allTextContents()).sort()).toEqual(["README.md", "b.txt", "c.txt"]);
    await seen.getByRole("tab", { name: "c.txt", exact: true }).click();
    await seen.locator(".cm-line", { hasText: "the third" }).waitFor();
    await page.setViewportSize({ width: 1440, height: 900 });
  });
});

describe("previews", () => {
  test("of Markdown follow what is typed, lead to files, and can do nothing", async () => {
    const text = [
      "# 방명록\n\n[the table](play/t.csv) [up](#방명록) [out](https://example.com)\n\n- [x] done\n",
      "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>",
      "<style>body { display: none }</style><iframe src='/ide'></iframe>",
      "<form action='/x'><button>go</button></form> <a href='javascript:window.hacked=3'>j</a>",
      "<svg onload='window.hacked=4'></svg> <b id='editor-panel' style='position:fixed'>b</b>\n\nthe end\n\n",
    ];
    await write("play/page.md", text.join("\n"));
    await write("play/t.csv", "");
    await openFile(page, "play/page.md");
    await page.keyboard.press("Control+Shift+V");
    const made = testId("markdown");
    await made.locator("h1", { hasText: "방명록" }).waitFor();
    expect(await made.locator("script, style, iframe, form, button, svg").count()).toBe(0);
    expect(await made.locator("[style], [onerror], [onload], #editor-panel").count()).toBe(0);
    expect(await made.locator('[href^="javascript"]').count()).toBe(0);
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    expect(await made.locator("a", { hasText: "out" }).getAttribute("rel")).toContain("noreferrer");

    await page.locator(".cm-content:visible", { hasText: "방명록" }).click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("## Typed just now\n");
    await made.locator("h2", { hasText: "Typed just now" }).waitFor();
    await write("play/linked.txt", "you came by a link\n");
    await page.keyboard.type("[go on](linked.txt) ");
    await made.getByText("go on").click();
    await page.locator(".cm-line", { hasText: "you came by a link" }).waitFor();
  });

  test("of tables and drawings", async () => {
    await write("play/t.csv", 'name,"a ""b"""\n민아,1\n"two\nlines",22\n');
    await openFile(page, "play/t.csv");
    await page.locator(`[data-front="true"]`).getByTestId("preview").click();
    const table = page.locator(".viewer-table");
    await expect.poll(() => table.locator("tbody tr").count()).toBe(2);
    expect(await table.locator("thead th").allTextContents()).toEqual(["Row", "name", 'a "b"']);

    await write(
      "play/d.svg",
      '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30" onload="window.hacked=1"><script>parent.hacked=1</script><rect width="40" height="30" fill="red"/></svg>',
    );
    await openFile(page, "play/d.svg");
    await page.locator(`[data-front="true"]`).getByTestId("preview").click();
    await page.locator('[data-kind="svg"] .viewer-foot', { hasText: "40 × 30" }).waitFor();
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  });

  test("of pictures, PDF, bytes, and large files in windows", async () => {
    const pixel = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
      "base64",
    );
    await write("play/p.png", pixel);
    await openFile(page, "play/p.png");
    await page.locator('[data-kind="image"] .viewer-foot', { hasText: "1 × 1" }).waitFor();

    await write("play/x.bin", Buffer.from([0, 1, 2, 65, 66, 255]));
    await openFile(page, "play/x.bin");
    await page.locator(".viewer-hex", { hasText: "00 01 02 41 42 ff" }).waitFor();

    const lines = Array.from({ length: 400_000 }, (_, index) => `line ${index}\n`).join("");
    await write("play/large.log", lines);
    await openFile(page, "play/large.log");
    const window = page.locator(".viewer-text");
    await window.filter({ hasText: "line 0" }).waitFor();
    await page.getByRole("button", { name: "End", exact: true }).click();
    await window.filter({ hasText: "line 399999" }).waitFor();
    await page.getByRole("button", { name: "Hex", exact: true }).click();
    await page.locator(".viewer-hex").waitFor();

    const objects = [
      "<</Type/Catalog/Pages 2 0 R>>",
      "<</Type/Pages/Kids[3 0 R]/Count 1>>",
      "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    ];
    const body = objects.map((object, index) => `${index + 1} 0 obj${object}endobj\n`).join("");
    await write("play/paper.pdf", `%PDF-1.4\n${body}trailer<</Root 1 0 R/Size 4>>\n%%EOF\n`);
    await openFile(page, "play/paper.pdf");
    const shown = page.locator('[data-kind="pdf"]');
    await shown.waitFor();
    // A browser without a viewer says so, and has the download.
    await shown.locator("iframe, .editor-note").first().waitFor();
    await shown.getByText("Download").waitFor();
  });
});

describe("text of others", () => {
  test("in Korean Windows' encoding is shown, and made UTF-8 when asked", async () => {
    await write("play/k.txt", Buffer.from([0xb0, 0xa1, 0xb3, 0xaa, 0x0d, 0x0a]));
    await openFile(page, "play/k.txt");
    await page.locator(".cm-line:visible", { hasText: "가나" }).click();
    expect(await testId("encoding").textContent()).toBe("CP949 CRLF");
    await page.getByRole("button", { name: "Make it UTF-8" }).click();
    await expect.poll(() => read("play/k.txt")).toBe("가나\r\n");
    await page.locator(".cm-content[contenteditable=true]:visible", { hasText: "가나" }).waitFor();
    await expect.poll(() => testId("encoding").textContent()).toBe("UTF-8 CRLF");
  });

  test("that came while one typed is compared, merged and saved", async () => {
    await write("play/both.txt", "one\ntwo\nthree\n");
    await openFile(page, "play/both.txt");
    await page.locator(".cm-line:visible", { hasText: "three" }).click();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText("mine\n");
    await write("play/both.txt", "ONE\ntwo\nthree\n");
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    const merge = testId("conflict");
    await merge.locator(".cm-merge-a", { hasText: "ONE" }).waitFor();
    await merge.locator(".cm-merge-revert button").first().click();
    await testId("conflict-save").click();
    await expect.poll(() => read("play/both.txt")).toBe("ONE\ntwo\nthree\nmine\n");
    await merge.waitFor({ state: "detached" });
  });
});

test("what was saved while the network was away is saved once it is back, without a further key", async () => {
  await write("play/away.txt", "before\n");
  await openFile(page, "play/away.txt");
  await page.locator(".cm-line:visible", { hasText: "before" }).click();
  await page.context().setOffline(true);
  await testId("connection").waitFor();
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("typed offline, ");
  await page.keyboard.press("Control+s");
  await page.locator('[data-testid="save-state"][data-state="failed"]').waitFor();
  expect(await read("play/away.txt")).toBe("before\n");
  await page.context().setOffline(false);
  await testId("connection").waitFor({ state: "detached" });
  await expect.poll(() => read("play/away.txt")).toBe("typed offline, before\n");
  await page.locator('[data-testid="save-state"][data-state="failed"]').waitFor({ state: "detached" });
});

test("formatting is one step, keeps the indentation of the file, and says what stands in its way", async () => {
  await write("play/page.css", "main {\n    color:red;margin : 0\n}\n");
  await openFile(page, "play/page.css");
  await page.locator(".cm-content:visible").first().click();
  await page.keyboard.press("Alt+Shift+F");
  const shown = () => page.locator(".cm-content:visible").first().innerText();
  await expect
    .poll(async () => (await shown()).trimEnd(), { timeout: 20 * SECOND })
    .toBe("main {\n    color: red;\n    margin: 0;\n}");
  await page.keyboard.press("Control+z");
  await expect.poll(shown).toContain("color:red;margin : 0");
  await page.keyboard.press("Control+End");
  await page.keyboard.type("}");
  await page.keyboard.press("Alt+Shift+F");
  await page.getByText(/Line \d+ cannot be read/).waitFor();
  await page.keyboard.press("Control+s");
});

describe("the tree", () => {
  test("moves by dragging, with undo; copies; and shows what git sees", async () => {
    await write("play/move.txt", "here\n");
    await write("play/there/x.txt", "x\n");
    if ((await row("play").getAttribute("aria-expanded")) !== "true") await row("play").click();
    await row("play/move.txt").dragTo(row("play/there"));
    await expect.poll(() => read("play/there/move.txt")).toBe("here\n");
    await page.getByRole("button", { name: "Undo" }).last().click();
    await expect.poll(() => read("play/move.txt")).toBe("here\n");

    await row("play/move.txt").click({ button: "right" });
    await page.getByRole("menuitem", { name: "Duplicate" }).click();
    await expect.poll(() => read("play/move copy.txt")).toBe("here\n");
    await page.getByRole("tab", { name: "move copy.txt", selected: true }).waitFor();

    await eventually("git's marks are there", 20, async () => {
      const mark = await row("play/move.txt").getAttribute("data-git");
      return mark === "untracked" && (await row("play").getAttribute("data-git")) === "inside";
    });
  });
});

test("a zip that is dropped is unpacked where that is wanted, else kept", async () => {
  await write("packed/one/x.txt", "from the zip\n");
  const archive = await student.ask("GET", "/api/v1/workspace/archive.zip?path=guestbook/packed/one");
  const bytes = Buffer.from(await archive.arrayBuffer()).toString("base64");
  const drop = async () => {
    const dataTransfer = await page.evaluateHandle((base64) => {
      const content = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([content], "one.zip", { type: "application/zip" }));
      return data;
    }, bytes);
    await row("db").dispatchEvent("drop", { dataTransfer });
  };
  await drop();
  await page.getByRole("button", { name: "Keep as it is" }).click();
  await row("db/one.zip").waitFor();
  expect(await row("db/one").count()).toBe(0);
  await drop();
  await page.getByRole("button", { name: "Unpack", exact: true }).click();
  await row("db/one").waitFor();
  expect(await read("db/one/x.txt")).toBe("from the zip\n");
});

test("the minimap is there once it is wanted, and gone again", async () => {
  await openFile(page, "play/a.txt");
  const map = page.locator(".cm-minimap-gutter canvas:visible");
  const toggle = async () => {
    await page.keyboard.press("F1");
    await page.keyboard.type("toggle minimap");
    await page.getByTestId("palette").locator('[data-id="editor.minimap"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
  };
  expect(await map.count()).toBe(0);
  await toggle();
  await expect.poll(() => map.count()).toBe(1);
  // Drawn at once, in a column of its own, and not only with the next key.
  await expect.poll(async () => (await map.boundingBox())?.width).toBeLessThanOrEqual(120);
  await toggle();
  await expect.poll(() => map.count()).toBe(0);
});

describe("Vim's keys", () => {
  test("are there once they are switched on, and gone again", async () => {
    await openFile(page, "play/a.txt");
    const set = async (on: boolean) => {
      await page.keyboard.press("Control+,");
      await testId("settings").getByLabel(/Vim/).setChecked(on);
      await page.keyboard.press("Escape");
      await testId("settings").waitFor({ state: "detached" });
    };
    await set(true);
    await page.locator(".cm-vim-panel").first().waitFor();
    await page.locator(".cm-line:visible", { hasText: "the first" }).click();
    await page.keyboard.type("gg0dwifront ");
    await page.keyboard.press("Escape");
    await page.locator(".cm-line:visible", { hasText: "front first" }).waitFor();
    await set(false);
    await expect.poll(() => page.locator(".cm-vim-panel").count()).toBe(0);
  });
});

test("the first load weighs less than 350 kB", async () => {
  const context = await browser.newContext();
  const fresh = await context.newPage();
  const { login, password } = account;
  const session = { data: { login, password } };
  const api = `${new URL(page.url()).origin}/api/v1`;
  await fresh.request.post(`${api}/session`, session);
  // Files that were left open would be opened here as well, with their languages.
  await fresh.request.put(`${api}/me/settings`, { data: {}, headers: { "X-Maru-CSRF": "1" } });
  await fresh.goto(page.url());
  await fresh
    .getByTestId("file-tree")
    .locator("[data-path]")
    .first()
    .waitFor({ timeout: 60 * SECOND });
  await fresh.locator(".xterm-screen").first().waitFor();
  const sizes = await fresh.evaluate(() =>
    [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
      .map((entry) => entry as PerformanceResourceTiming)
      .filter(({ name }) => name.includes("/assets/") || name.endsWith("/ide"))
      .map(({ encodedBodySize }) => encodedBodySize),
  );
  const sum = sizes.reduce((all, size) => all + size, 0);
  console.log(`first load: ${(sum / 1000).toFixed(1)} kB in ${sizes.length} files`);
  expect(sum).toBeGreaterThan(50_000);
  expect(sum).toBeLessThan(350_000);
  await context.close();
});
