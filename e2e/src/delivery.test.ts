/** The pages of the two services behind Deploy: images and builds, and rollouts. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openIde, PHONE, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";
import { run } from "./terminal.ts";

const account = newStudent("delivery");
const student = new Client(account);
const FILES = "/api/v1/workspace/files/guestbook";

let browser: Browser;
let page: Page;

const testId = (id: string) => page.getByTestId(id);
const write = (path: string, body: string) => student.status("PUT", `${FILES}/${path}`, { body });
const read = async (path: string) => (await student.ask("GET", `${FILES}/${path}`)).text();
const repository = (name: string) => page.locator(`[data-testid="repository"][data-name="${name}"]`);

async function push(message: string): Promise<void> {
  const command = `cd ~/guestbook && git add -A && git commit --quiet -m ${message} && git push --quiet origin main`;
  expect(await run(student, command)).toContain("ended with 0");
}

beforeAll(async () => {
  await student.workspaceReady();
  expect((await student.deploy("first")).state).toBe("succeeded");
  browser = await launch();
  page = await openIde(browser, account);
}, 400 * SECOND);

afterAll(() => browser?.close());

describe("images and builds", () => {
  const web = () => repository("guestbook-web");
  const versions = () => web().getByTestId("version");

  test("every repository shows its versions and builds", async () => {
    await testId("activity-builds").click();
    for (const name of ["guestbook-api", "guestbook-db", "guestbook-web"]) await repository(name).waitFor();
    await expect.poll(() => versions().count()).toBe(1);
    const { versions: told } = await student.json<{ versions: { digest: string; commit: string }[] }>(
      "GET",
      "/api/v1/repositories/guestbook-web/versions",
    );
    const words = await versions().first().innerText();
    expect(words).toContain(told[0]?.digest.slice("sha256:".length, "sha256:".length + 12));
    expect(words).toContain(told[0]?.commit.slice(0, 7));
    expect(words).toMatch(/\d MiB/);
    expect(await web().getByTestId("build").first().getAttribute("data-state")).toBe("succeeded");
  });

  test("one is built by a press, with its log open, and its version is there at the end", async () => {
    await web().getByTestId("build-start").click();
    await web()
      .getByRole("log")
      .getByText("Step 1")
      .waitFor({ timeout: 60 * SECOND });
    await web()
      .locator('[data-number="2"][data-state="succeeded"]')
      .waitFor({ timeout: 120 * SECOND });
    await expect.poll(() => versions().count(), { timeout: 20 * SECOND }).toBe(2);
    await web().getByTestId("build-log").first().click();
    await web().getByRole("log").waitFor({ state: "detached" });
  });

  test("one that runs is cancelled by a press", async () => {
    await write("web/Dockerfile", `${await read("web/Dockerfile")}RUN sleep 300\n`);
    await push("slow");
    await web().getByTestId("build-start").click();
    await web()
      .locator('[data-number="3"][data-state="running"]')
      .waitFor({ timeout: 60 * SECOND });
    await web().getByTestId("build-cancel").click();
    await web()
      .locator('[data-number="3"][data-state="cancelled"]')
      .waitFor({ timeout: 60 * SECOND });
    expect(await versions().count()).toBe(2);
    await run(student, "cd ~/guestbook && git revert --no-edit HEAD && git push --quiet origin main");
  });
});

describe("rollouts", () => {
  const relation = (is: string) => page.locator(`[data-testid="relation"][data-relation="${is}"]`);
  const object = (name: string) => page.locator(`[data-object="${name}"]`);
  const rolledOut = (number: number) =>
    page.locator(`[data-testid="rollout"][data-number="${number}"][data-state="healthy"]`);

  test("target state stands beside current state", async () => {
    await testId("activity-rollout").click();
    await page.locator('[data-testid="target"][data-state="ready"]').waitFor();
    await page.locator('[data-testid="current"][data-state="healthy"]').waitFor({ timeout: 60 * SECOND });
    await relation("same").waitFor();
    await expect.poll(() => object("Deployment/guestbook-web").getAttribute("data-what")).toBe("both");
    await rolledOut(1).waitFor();
  });

  test("what git asks for is read by a press, and changes nothing until it is rolled out", async () => {
    const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: blue\n";
    await write("k8s/settings.yaml", settings);
    const list = await read("k8s/kustomization.yaml");
    await write("k8s/kustomization.yaml", list.replace("resources:\n", "resources:\n  - settings.yaml\n"));
    await push("settings");
    await testId("rollout-refresh").click();
    await relation("other").waitFor({ timeout: 30 * SECOND });
    expect(await object("ConfigMap/settings").getAttribute("data-what")).toBe("comes");
    expect(await testId("rollout").count()).toBe(1);

    await testId("rollout-start").click();
    await rolledOut(2).waitFor({ timeout: 120 * SECOND });
    await relation("same").waitFor({ timeout: 30 * SECOND });
    await expect.poll(() => object("ConfigMap/settings").getAttribute("data-what")).toBe("both");
  });

  test("an earlier rollout is gone back to, from its list", async () => {
    await page.locator('[data-number="1"]').getByTestId("rollout-back").click();
    await page.getByRole("dialog").getByRole("button", { name: "Go back to this" }).click();
    await rolledOut(3).waitFor({ timeout: 120 * SECOND });
    await relation("other").waitFor({ timeout: 30 * SECOND });
    await expect.poll(() => object("ConfigMap/settings").getAttribute("data-what")).toBe("comes");
  });

  test("the palette rolls out, goes back and refreshes as well", async () => {
    for (const id of ["rollout.refresh", "rollout.start", "rollout.back", "builds.show", "rollout.show"]) {
      await page.keyboard.press("F1");
      await page.locator(`[data-testid="palette"] [data-id="${id}"]`).waitFor();
      await page.keyboard.press("Escape");
      await testId("palette").waitFor({ state: "detached" });
    }
    await page.keyboard.press("F1");
    await page.keyboard.type("roll out the target");
    await page.locator('[data-id="rollout.start"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
    await rolledOut(4).waitFor({ timeout: 120 * SECOND });
    await relation("same").waitFor({ timeout: 30 * SECOND });
  });

  test("manifests with a mistake are a target state that failed, with the place of it", async () => {
    const good = await read("k8s/web.yaml");
    await write("k8s/web.yaml", good.replace("containers:", "contianers:"));
    await push("mistake");
    await testId("rollout-refresh").click();
    await page.locator('[data-testid="target"][data-state="failed"]').waitFor({ timeout: 30 * SECOND });
    expect(await testId("rollout-start").isDisabled()).toBe(true);
    await testId("target").locator(".diagnostic-place").first().click();
    await page.getByRole("tab", { name: "web.yaml", selected: true }).waitFor();
  });
});

test("one is added, changed and removed; more than there may be are refused", async () => {
  await testId("activity-builds").click();
  expect(await testId("repository-add").isDisabled()).toBe(true);
  expect(await testId("repository-count").innerText()).toBe("3 of 3");
  await repository("guestbook-db").getByTestId("repository-remove").click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await repository("guestbook-db").waitFor({ state: "detached" });
  expect(await student.status("GET", "/api/v1/repositories/guestbook-db")).toBe(404);

  await testId("repository-add").click();
  const form = testId("repository-form");
  await testId("repository-name").fill("Not A Name");
  await testId("repository-context").fill("db");
  await testId("repository-save").click();
  await form.getByRole("alert").waitFor();
  await testId("repository-name").fill("guestbook-db");
  await page.keyboard.press("Enter");
  await form.waitFor({ state: "detached" });
  await repository("guestbook-db").getByText("folder db").waitFor();

  await repository("guestbook-db").getByTestId("repository-change").click();
  await testId("source-elsewhere").check();
  await testId("source-field-url").fill("https://example.org/a/b.git");
  await testId("repository-context").fill("");
  await testId("repository-save").click();
  await repository("guestbook-db").getByText("https://example.org/a/b.git").waitFor();
  const changed = await student.json<object>("GET", "/api/v1/repositories/guestbook-db");
  expect(changed).toMatchObject({
    context: "",
    source: { url: "https://example.org/a/b.git", branch: "main" },
  });
});

test("on a phone nothing is wider than the screen", async () => {
  const phone = await openIde(browser, account, PHONE);
  for (const [id, what] of [
    ["builds", "repository"],
    ["rollout", "objects"],
  ] as const) {
    await phone.locator(".pane-switch").getByRole("button", { name: "Files" }).click();
    await phone.getByTestId(`activity-${id}`).click();
    await phone.getByTestId(what).first().waitFor();
    const wide = () =>
      phone.evaluate(() => {
        const view = document.querySelector(".delivery") as HTMLElement;
        return view.scrollWidth > view.clientWidth || document.documentElement.scrollWidth > innerWidth;
      });
    await eventually(`${id} is no wider`, 10, async () => !(await wide()));
  }
  await phone.context().close();
});
