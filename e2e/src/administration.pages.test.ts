/** The administration as people use it: in a browser, with the keyboard, in Korean. */
import { randomBytes } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch } from "./browser.ts";
import { Client } from "./client.ts";
import { maru } from "./instance.ts";

const mark = randomBytes(3).toString("hex");
const admin = new Client(maru.admin);
let browser: Browser;
let page: Page;

async function open(login: string, password: string): Promise<Page> {
  const context = await browser.newContext({ locale: "ko-KR", viewport: { width: 1440, height: 900 } });
  const opened = await context.newPage();
  await opened.goto(`${maru.url}/login?next=/admin`);
  await opened.getByLabel("아이디").fill(login);
  await opened.getByLabel("비밀번호").fill(password);
  await opened.keyboard.press("Enter");
  await opened.waitForURL((url) => url.pathname !== "/login");
  return opened;
}

beforeAll(async () => {
  browser = await launch();
  page = await open(maru.admin.login, maru.admin.password);
});

afterAll(() => browser?.close());

test("an administrator makes a class and imports its roster, looked at before", async () => {
  await page.getByRole("link", { name: "수업" }).click();
  await page.getByRole("button", { name: "새 수업…" }).click();
  await page.getByRole("dialog").getByLabel("이름").fill(`웹 ${mark}`);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: `웹 ${mark}` }).click();
  const file = page.getByLabel("파일");
  const csv = `학번,이름\na${mark},김하나\nb${mark},이둘\nx y,누구\n`;
  await file.setInputFiles({ name: "명단.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.getByRole("button", { name: "미리 보기" }).click();
  await page.getByText("아직 바뀐 것은 없습니다").waitFor();
  const rows = page.locator("[data-roster-rows] tr");
  expect(await rows.count()).toBe(3);
  expect(await admin.status("GET", `/api/v1/admin/users/a${mark}`)).toBe(404);
  await page.getByRole("button", { name: "등록", exact: true }).click();
  await page.getByText("지금만 표시되니").waitFor();
  const password = await rows.first().locator("code").innerText();
  expect(password).toMatch(/^[a-z2-9]{12}$/);
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "비밀번호를 CSV로 저장" }).click();
  expect((await saved).suggestedFilename()).toBe("passwords.csv");
  await page.reload();
  await page.getByRole("link", { name: `a${mark}` }).waitFor();

  // Who comes with it chooses another, and then has the IDE.
  const theirs = await open(`a${mark}`, password);
  expect(new URL(theirs.url()).pathname).toBe("/account");
  await theirs.getByLabel("현재 비밀번호").fill(password);
  await theirs.getByLabel("새 비밀번호").fill("나만 아는 비밀번호");
  await theirs.keyboard.press("Enter");
  await theirs.waitForURL((url) => url.pathname === "/ide");
  await theirs.context().close();
});

test("gives a new password, which is shown once, and disables", async () => {
  await page.goto(`${maru.url}/admin/users/b${mark}`);
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "일회용 비밀번호 발급" }).click();
  const secret = page.locator("[data-secret]");
  await secret.waitFor();
  const password = await secret.innerText();
  const login = { headers: { "Content-Type": "application/json" }, method: "POST" };
  const body = JSON.stringify({ login: `b${mark}`, password });
  expect((await fetch(`${maru.url}/api/v1/session`, { ...login, body })).status).toBe(204);
  await page.getByRole("button", { name: "확인" }).click();
  await page.getByRole("button", { name: "사용 중지", exact: true }).click();
  await page.getByRole("button", { name: "사용 재개" }).waitFor();
  expect((await fetch(`${maru.url}/api/v1/session`, { ...login, body })).status).toBe(403);
});

test("what is refused is said where it was asked", async () => {
  await page.goto(`${maru.url}/admin`);
  await page.getByRole("button", { name: "새 사용자…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("아이디").fill("admin");
  await page.keyboard.press("Enter");
  await dialog.getByText("이미 있습니다").waitFor();
});

test("the log and the usage are there for instructors, the settings are not", async () => {
  const theirs = await open(maru.instructor.login, maru.instructor.password);
  await theirs.getByRole("link", { name: "기록" }).click();
  await theirs.getByRole("heading", { name: "기록" }).waitFor();
  await theirs.getByRole("link", { name: "사용량" }).click();
  await theirs.getByRole("heading", { name: "사용량" }).waitFor();
  expect(await theirs.getByRole("link", { name: "설정" }).count()).toBe(0);
  const refused = await theirs.goto(`${maru.url}/admin/settings`);
  expect(refused?.status()).toBe(403);
  await theirs.context().close();
});
