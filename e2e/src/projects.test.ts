/** A project of a template: made in the browser, and deployed from then on in place of the one before. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { app, Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("projects");
const student = new Client(account);
let browser: Browser;
let page: Page;

const testId = (id: string) => page.getByTestId(id);

beforeAll(async () => {
  await student.workspaceReady();
  browser = await launch();
  page = await openIde(browser, account);
}, 120 * SECOND);

afterAll(() => browser?.close());

test("a template is picked, and room is made for its image repository", async () => {
  await page.keyboard.press("F1");
  await page.locator('[data-testid="palette"] [data-id="project.new"]').click();
  const make = testId("project-make");
  await testId("template-page").waitFor();
  expect(await make.isDisabled()).toBe(true);
  await testId("template-api").click();
  await testId("template-page").click();
  expect(await testId("project-name").inputValue()).toBe("page");
  await testId("project-name").fill("guestbook");
  await testId("new-project").getByRole("alert").getByText("already").waitFor();
  // The starter's three are all that there may be.
  expect(await make.isDisabled()).toBe(true);
  await testId("project-room").getByLabel("guestbook-db").check();
  expect(await make.isDisabled()).toBe(true);
  // Its name is taken in between, as it may be: nothing has gone for a project that is not made.
  await testId("project-name").fill("mine");
  await student.json("POST", "/api/v1/projects", { json: { name: "mine", template: "empty" } });
  await make.click();
  await testId("new-project").getByRole("alert").getByText("already").waitFor();
  expect(await student.status("GET", "/api/v1/repositories/guestbook-db")).toBe(200);
  await testId("project-name").fill("page");
  await make.click();
  await testId("new-project").waitFor({ state: "detached", timeout: 60 * SECOND });
  // Its README is open, and the project is in the explorer.
  await page.locator(".cm-content").getByText("# page").waitFor();
  await testId("file-tree").getByText("site", { exact: true }).waitFor();
  const { repositories } = await student.json<{ repositories: { name: string; source: object }[] }>(
    "GET",
    "/api/v1/repositories",
  );
  expect(repositories.map(({ name }) => name).toSorted()).toEqual(["guestbook-api", "guestbook-web", "page"]);
  const { projects } = await student.json<{ projects: object[] }>("GET", "/api/v1/projects");
  expect(projects).toMatchObject([
    { name: "guestbook", deployed: false },
    { name: "mine", deployed: false },
    { name: "page", deployed: true },
  ]);
});

test("the other projects are a press away, here and in another browser", async () => {
  const open = async (on: Page, name: string, shows: string) => {
    await on.keyboard.press("F1");
    await on.locator('[data-testid="palette"] [data-id="project.new"]').click();
    await on.getByTestId(`project-${name}`).click();
    await on.getByTestId("file-tree").getByText(shows, { exact: true }).waitFor();
  };
  await open(page, "guestbook", "api");
  await open(page, "page", "site");
  await eventually("the server knows which is open", 20, async () =>
    (await (await student.ask("GET", "/api/v1/me/settings")).text()).includes('"page"'),
  );
  const other = await openIde(browser, account, {}, true);
  await other.getByTestId("file-tree").getByText("site", { exact: true }).waitFor();
  await other.context().close();
  // One that is in git alone says how it comes here.
  await page.keyboard.press("F1");
  await page.locator('[data-testid="palette"] [data-id="project.new"]').click();
  await student.status("DELETE", "/api/v1/workspace/files/mine");
  await testId("project-mine").click();
  await testId("new-project")
    .getByText(`git clone http://127.0.0.1:7070/git/${account.login}/mine.git`)
    .waitFor();
  await page.keyboard.press("Escape");
});

test("Deploy deploys it", async () => {
  const file = "/api/v1/workspace/files/page/site/index.html";
  const text = await (await student.ask("GET", file)).text();
  await student.status("PUT", file, { body: text.replace("Hello!", "Hello from page!") });
  const { state, url, steps } = await student.deploy("page");
  expect([state, steps.map(({ detail }) => detail)]).toEqual(["succeeded", expect.anything()]);
  expect(url).not.toBeNull();
  expect((await app(url as string)).body).toContain("Hello from page!");
});

test("templates and projects are refused in words where they are none", async () => {
  const json = { name: "Not a name", template: "page" };
  expect(await student.status("POST", "/api/v1/projects", { json })).toBe(400);
  for (const template of ["none", "../page", ""])
    expect(await student.status("POST", "/api/v1/projects", { json: { name: "other", template } })).toBe(400);
});
