/** Terminals in the page: beside one another, of other kinds, renamed; what their programs copy; without WebSockets. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openFile, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("beside");
const student = new Client(account);

let browser: Browser;
let page: Page;

const screens = (of = page) => of.getByTestId("terminal");
const text = (at: number, of = page) =>
  screens(of)
    .nth(at)
    .locator(".xterm-rows > div")
    .allInnerTexts()
    .then((lines) => lines.join("\n").replaceAll(" ", " "));
const tabs = (of = page) => of.locator(".terminal .tab-label").allTextContents();

async function type(at: number, line: string, of = page): Promise<void> {
  await screens(of).nth(at).locator(".terminal-mount").click();
  await of.keyboard.type(line);
  await of.keyboard.press("Enter");
}

beforeAll(async () => {
  await student.workspaceReady();
  browser = await launch();
  page = await openIde(browser, account, { permissions: ["clipboard-read", "clipboard-write"] });
  await eventually("a prompt", 30, async () => (await text(0)).includes("$"));
});

afterAll(() => browser?.close());

describe("terminals beside one another", () => {
  test("are split in the folder of the one in front, and each is typed into", async () => {
    await type(0, "cd /tmp; echo first-$((40 + 2))");
    await expect.poll(() => text(0)).toContain("first-42");
    await page.keyboard.press("Control+Shift+5");
    await expect.poll(() => screens().count()).toBe(2);
    await expect.poll(() => text(1), { timeout: 20 * SECOND }).toContain("$");
    // It has the focus as it is.
    await page.keyboard.type("pwd; echo second-$((40 + 3))\n");
    await expect.poll(() => text(1)).toMatch(/^\/tmp\s*$[\s\S]*second-43/m);
    expect(await text(0)).not.toContain("second");
    const boxes = await Promise.all([0, 1].map((at) => screens().nth(at).boundingBox()));
    expect(boxes[0]?.y).toBe(boxes[1]?.y);
    expect(boxes[1]?.x).toBeGreaterThan(boxes[0]?.x ?? 0);
  });

  test("get more of the room by dragging, and by keys", async () => {
    const bar = page.locator(".terminal-split").getByRole("separator");
    const width = async (at: number) => Math.round((await screens().nth(at).boundingBox())?.width ?? 0);
    const [before, place] = [await width(0), await bar.boundingBox()];
    expect(await bar.getAttribute("aria-valuenow")).toBe("50");
    if (!place) throw new Error("there is no bar");
    const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 60, y, { steps: 3 });
    await page.mouse.move(x + 120, y, { steps: 3 });
    await page.mouse.up();
    await expect.poll(() => width(0)).toBe(before + 120);
    const dragged = Number(await bar.getAttribute("aria-valuenow"));
    expect(dragged).toBeGreaterThan(50);
    await bar.focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(async () => Number(await bar.getAttribute("aria-valuenow"))).toBe(dragged - 10);
  });

  test("are so again after a reload, and in another browser", async () => {
    const bar = (of: Page) => of.locator(".terminal-split").getByRole("separator");
    const told = await bar(page).getAttribute("aria-valuenow");
    const kept = () => student.json<Record<string, string[][]>>("GET", "/api/v1/me/settings");
    await expect
      .poll(async () => (await kept())["terminals.splits"]?.[0]?.length, { timeout: 15_000 })
      .toBe(2);
    await page.reload();
    await expect.poll(() => screens().count(), { timeout: 30 * SECOND }).toBe(2);
    expect(await bar(page).getAttribute("aria-valuenow")).toBe(told);
    const other = await openIde(browser, account, {}, true);
    await expect.poll(() => screens(other).count(), { timeout: 30 * SECOND }).toBe(2);
    expect(await bar(other).getAttribute("aria-valuenow")).toBe(told);
    await other.context().close();
  });

  test("leave the room to the other when they are closed", async () => {
    await type(1, "exit");
    await page.locator(".terminal .tab.selected").getByRole("tab").focus();
    await page.keyboard.press("Delete");
    await expect.poll(() => screens().count()).toBe(1);
    await expect.poll(() => text(0)).toContain("first-42");
  });
});

test("a terminal has the name that it is given, whoever looks", async () => {
  await page.locator(".terminal .tab.selected").getByRole("tab").dblclick();
  const field = page.getByTestId("terminal-rename");
  await field.fill("서버 로그");
  await field.press("Enter");
  await expect.poll(() => tabs()).toEqual(["서버 로그"]);
  const [info] = await student.json<{ name: string }[]>("GET", "/api/v1/workspace/terminals");
  expect(info?.name).toBe("서버 로그");
  expect(await student.status("PATCH", "/api/v1/workspace/terminals/none", { json: { name: "x" } })).toBe(
    404,
  );
});

test("other shells and languages are offered where they are installed", async () => {
  const profiles = await student.json<{ id: string }[]>("GET", "/api/v1/workspace/terminals/profiles");
  expect(profiles.map(({ id }) => id)).toEqual(["bash", "zsh", "python", "node"]);
  for (const [id, question, answer] of [
    ["zsh", "echo zsh-$ZSH_VERSION", /zsh-5/],
    ["python", "print(6 * 7, 'py')", /42 py/],
    ["node", "6 * 7 + ' js'", /42 js/],
  ] as const) {
    const before = (await tabs()).length;
    await page.getByTestId("terminal-profiles").click();
    await page.locator(`[data-profile="${id}"]`).click();
    await expect.poll(async () => (await tabs()).length).toBe(before + 1);
    await expect.poll(() => text(0), { timeout: 20 * SECOND }).toMatch(/[$%>#]/);
    await type(0, question);
    await expect.poll(() => text(0), { timeout: 20 * SECOND }).toMatch(answer);
    await page.locator(".terminal .tab.selected").getByRole("tab").focus();
    await page.keyboard.press("Delete");
    await expect.poll(async () => (await tabs()).length).toBe(before);
  }
});

test("a program's text comes into the clipboard by consent, or by a setting", async () => {
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  const osc52 = (what: string) => `printf '\\033]52;c;%s\\007' "$(printf ${what} | base64)"`;
  await page.evaluate(() => navigator.clipboard.writeText("before"));
  await type(0, osc52("asked"));
  const toast = page.locator(".toast", { hasText: "asked" });
  await toast.waitFor();
  expect(await clipboard()).toBe("before");
  await toast.getByRole("button", { name: "Copy", exact: true }).click();
  await expect.poll(clipboard).toBe("asked");
  await page.keyboard.press("Control+,");
  await page
    .getByTestId("settings")
    .getByLabel(/Programs in terminals may copy/)
    .check();
  await page.keyboard.press("Escape");
  await type(0, osc52("allowed"));
  await expect.poll(clipboard).toBe("allowed");
});

test("a screen reader is given what is written", async () => {
  await page.keyboard.press("Control+,");
  await page
    .getByTestId("settings")
    .getByLabel(/screen readers/)
    .check();
  await page.keyboard.press("Escape");
  await type(0, "echo aloud-$((1 + 1))");
  await expect
    .poll(() => screens().first().locator(".xterm-accessibility").textContent(), { timeout: 15 * SECOND })
    .toContain("aloud-2");
});

describe("where no WebSocket passes", () => {
  let narrow: Page;

  afterAll(() => narrow?.context().close());

  test("terminals go by requests: typing, a flood, an interrupt", async () => {
    narrow = await openIde(browser, account);
    // As a proxy that lets the handshake through, and nothing after it.
    await narrow.context().routeWebSocket(/\/api\//, (socket) => socket.close());
    await narrow.reload();
    await narrow.getByTestId("slow-way").waitFor({ timeout: 30 * SECOND });
    await expect
      .poll(() => screens(narrow).first().getAttribute("data-state"), { timeout: 20 * SECOND })
      .toBe("live");
    await type(0, "clear; echo slow-$((20 + 1))", narrow);
    await expect.poll(() => text(0, narrow), { timeout: 20 * SECOND }).toContain("slow-21");
    await type(0, "seq 1 200000", narrow);
    await expect.poll(() => text(0, narrow), { timeout: 60 * SECOND }).toMatch(/^200000\s*$/m);
    await type(0, "sleep 1000", narrow);
    await narrow.keyboard.press("Control+c");
    await type(0, "echo after-$((2 + 2))", narrow);
    await expect.poll(() => text(0, narrow), { timeout: 20 * SECOND }).toContain("after-4");
  });

  test("so do language servers", async () => {
    await student.status("PUT", "/api/v1/workspace/files/guestbook/tools/slow.py", {
      body: "print(nowhere)\n",
    });
    // In a terminal the keys of quick open are the shell's.
    await narrow.getByTestId("file-tree").locator("[data-path]").first().focus();
    await openFile(narrow, "tools/slow.py");
    await narrow
      .locator('[data-testid="language-state"][data-state="running"]')
      .waitFor({ timeout: 60 * SECOND });
    await narrow.locator(".cm-lintRange", { hasText: "nowhere" }).waitFor({ timeout: 30 * SECOND });
  });

  test("the test of the network says so, and what to ask for", async () => {
    await narrow.goto(new URL("/network", narrow.url()).href);
    const row = (id: string) => narrow.locator(`[data-check="${id}"]`);
    await narrow.locator('[data-summary][data-state="bad"]').waitFor({ timeout: 60 * SECOND });
    expect(await row("stream").getAttribute("data-state")).toBe("bad");
    for (const id of ["http", "methods", "events", "upload", "names"])
      expect(await row(id).getAttribute("data-state"), id).toBe("good");
    expect(await row("stream").innerText()).toContain("Let WebSockets (Upgrade: websocket) to localhost");
    await narrow.getByRole("button", { name: /Copy this/ }).waitFor();
  });
});

test("in a network as it should be everything passes, and who is not logged in may see that", async () => {
  const context = await browser.newContext({ locale: "ko-KR", viewport: { width: 390, height: 844 } });
  const phone = await context.newPage();
  await phone.goto(new URL("/network", page.url()).href);
  await phone.locator('[data-summary][data-state="good"]').waitFor({ timeout: 60 * SECOND });
  expect(await phone.locator("h1").innerText()).toBe("네트워크 점검");
  await context.close();
});
