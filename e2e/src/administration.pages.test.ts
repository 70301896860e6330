/** The administration as people use it: in a browser, with the keyboard, in Korean. */
import { randomBytes } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, visit } from "./browser.ts";
import { Client } from "./client.ts";
import { docker, instanceId, maru, newStudent } from "./instance.ts";

const mark = randomBytes(3).toString("hex");
const admin = new Client(maru.admin);
let browser: Browser;
let page: Page;

async function open(login: string, password: string): Promise<Page> {
  const context = await browser.newContext({ locale: "ko-KR", viewport: { width: 1440, height: 900 } });
  const opened = await context.newPage();
  await visit(opened, `${maru.url}/login?next=/admin`);
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

test("finds a student's workspace, stops it and starts it by its row's buttons", async () => {
  const account = newStudent("row");
  const student = new Client(account);
  await student.workspaceReady();
  const containers = (): string =>
    docker("ps", "--format", "{{.Names}}", "--filter", `name=^maru-${instanceId}-ws-${account.login}$`);
  await visit(page, `${maru.url}/admin`);
  await page.getByLabel("사용자 찾기").fill(account.login);
  const row = page.locator("[data-row]:visible");
  await expect.poll(() => row.count()).toBe(1);
  const state = row.locator("[data-state]");
  const start = row.getByRole("button", { name: "시작", exact: true });
  const stop = row.getByRole("button", { name: "정지", exact: true });
  const loaded = await page.evaluate(() => performance.timeOrigin);
  await expect.poll(() => state.innerText()).toBe("준비됨");
  expect(await start.isVisible()).toBe(false);
  expect(containers()).not.toBe("");

  await stop.click();
  await expect.poll(() => state.innerText(), { timeout: 60_000 }).toBe("정지됨");
  expect(containers()).toBe("");
  await row.getByText("관리자가 멈췄습니다").waitFor();
  expect(await stop.isVisible()).toBe(false);

  await start.click();
  await expect.poll(() => state.innerText(), { timeout: 90_000 }).toBe("준비됨");
  expect(containers()).not.toBe("");
  expect(await page.evaluate(() => performance.timeOrigin), "the page was not loaded again").toBe(loaded);

  // It is in the student's own log, and the student has no such page.
  const { entries } = await student.json<{ entries: { actor: string; action: string }[] }>(
    "GET",
    "/api/v1/me/audit",
  );
  expect(entries.filter(({ actor }) => actor === maru.admin.login).length).toBeGreaterThanOrEqual(2);
  const theirs = await open(account.login, account.password);
  await visit(theirs, `${maru.url}/account`);
  expect(await theirs.getByRole("link", { name: "관리", exact: true }).count()).toBe(0);
  const refused = await visit(theirs, `${maru.url}/admin`);
  expect(refused?.status()).toBe(403);
  expect(await theirs.locator("[data-row]").count()).toBe(0);
  await theirs.context().close();
});

test("an instructor has the buttons for students of the own class, and sees nobody else", async () => {
  const [own, other] = [newStudent("own"), newStudent("other")];
  const student = new Client(own);
  const { classes } = await new Client(maru.instructor).json<{ classes: { id: string; name: string }[] }>(
    "GET",
    "/api/v1/admin/classes?q=demo",
  );
  const demo = classes.find(({ name }) => name === "demo")?.id;
  await admin.json("PUT", `/api/v1/admin/classes/${demo}/members/${own.login}`, { json: {} });
  await Promise.all([student, new Client(other)].map((client) => client.workspaceReady()));
  const theirs = await open(maru.instructor.login, maru.instructor.password);
  const find = async (login: string): Promise<number> => {
    await theirs.getByLabel("사용자 찾기").fill(login);
    return theirs.locator("[data-row]:visible").count();
  };
  expect(await find(other.login)).toBe(0);
  await theirs.getByText("해당하는 사용자가 없습니다.").waitFor();
  expect(await find(own.login)).toBe(1);
  const row = theirs.locator("[data-row]:visible");
  await row.getByRole("button", { name: "정지", exact: true }).click();
  await expect.poll(() => row.locator("[data-state]").innerText(), { timeout: 60_000 }).toBe("정지됨");
  expect((await student.json<{ state: string }>("GET", "/api/v1/workspace")).state).toBe("stopped");

  // From the account, a page that students have too, staff come back, and to a class counted in words.
  await visit(theirs, `${maru.url}/account`);
  await theirs.getByRole("link", { name: "관리", exact: true }).click();
  await theirs.getByRole("link", { name: "수업", exact: true }).click();
  await theirs
    .getByText(/^강사 \d+명$/)
    .first()
    .waitFor();
  await theirs.context().close();
});

test("gives a new password, which is shown once, and disables", async () => {
  await visit(page, `${maru.url}/admin/users/b${mark}`);
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
  await visit(page, `${maru.url}/admin`);
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
  const refused = await visit(theirs, `${maru.url}/admin/settings`);
  expect(refused?.status()).toBe(403);
  await theirs.context().close();
});
