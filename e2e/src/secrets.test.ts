/** A Secret that is kept outside git: missed by a Deploy, entered on the application's page, and never handed out. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { app, Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";
import { deployment, ingress, service, yaml } from "./team.ts";

const account = newStudent("secrets");
const student = new Client(account);
const host = `${account.login}.apps.localhost`;
const SECRETS = "/api/v1/app/secrets";
const FILE = "/api/v1/workspace/files/guestbook/k8s/app.yaml";
const VALUE = "correct horse battery staple";

interface Secret {
  name: string;
  keys: string[];
  entered: boolean;
}

const from = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: "mail", key } } });
/** Its pod answers with the Secret's value. */
const withSecret = deployment("", 1, { env: [from("VERSION", "password"), from("USER", "user")] });
const around = [service("web"), ingress("web", host, "web")];

let browser: Browser;
let page: Page;
let url: string;
/** What the API answered the page. */
const answers: Promise<string>[] = [];

const write = async (objects: unknown[]): Promise<void> => {
  expect(await student.status("PUT", FILE, { body: yaml(objects) })).toBeLessThan(300);
};
const secret = (): Promise<Secret> => student.json("GET", `${SECRETS}/mail`);
const form = () => page.getByTestId("secret-form");
const keys = async (): Promise<string[]> => {
  const fields = await form().getByTestId("secret-key").all();
  return Promise.all(fields.map((field) => field.inputValue()));
};

beforeAll(async () => {
  await student.workspaceReady();
  await student.nothingToBuild();
  await write([deployment("v1", 1), ...around]);
  const first = await student.deploy("without a Secret");
  expect(first, JSON.stringify(first.steps)).toMatchObject({ state: "succeeded", url: expect.any(String) });
  url = first.url as string;
  await write([withSecret, ...around]);
  browser = await launch();
  page = await openIde(browser, account);
  page.on("response", (response) => {
    if (/json/.test(response.headers()["content-type"] ?? "")) answers.push(response.text().catch(() => ""));
  });
}, 400 * SECOND);

afterAll(() => browser?.close());

test("a Deploy that misses a Secret says so, and its button opens the form", async () => {
  const { diagnostics } = await student.json<{ diagnostics: { code: string; message: string }[] }>(
    "GET",
    "/api/v1/deployments/plan",
  );
  expect(diagnostics.filter(({ code }) => code === "missing_secret").map(({ message }) => message)).toEqual([
    "There is no Secret `mail` (key `password`) in this deployment",
    "There is no Secret `mail` (key `user`) in this deployment",
  ]);
  await page.getByTestId("deploy-button").click();
  const found = page.locator('.step .diagnostic[data-code="container_config"]');
  await found.getByTestId("enter-secret").click({ timeout: 90 * SECOND });
  await form().waitFor();
  expect(await page.getByTestId("secret-name").inputValue()).toBe("mail");
  expect(await keys()).toEqual(["password", "user"]);
  await form().getByRole("button", { name: "Cancel" }).click();
  await form().waitFor({ state: "detached" });
  await page.getByText("There is no Secret yet.").waitFor();
});

test("a Deploy that failed offers the way back to what ran before", async () => {
  await page.getByTestId("deploy-back").getByText("Go back to rollout 1").click();
  await page.getByRole("dialog").getByRole("button", { name: "Go back to this" }).click();
  await page.getByText("What rollout 1 brought runs again.").waitFor({ timeout: 60 * SECOND });
  expect((await app(url)).body).toBe("v1");
  await page.getByTestId("deploy-back").waitFor({ state: "detached" });
});

test("entered from Problems, it lets the next Deploy succeed", async () => {
  await page.getByTestId("panel-tab-problems").click();
  const problem = page.locator('.problem[data-source="missing_secret"]', { hasText: "user" });
  await problem.getByTestId("enter-secret").click();
  await form().waitFor();
  expect(await page.getByTestId("secret-name").inputValue()).toBe("mail");
  expect((await keys()).sort()).toEqual(["password", "user"]);
  for (const line of await form().getByTestId("secret-line").all()) {
    const key = await line.getByTestId("secret-key").inputValue();
    await line.getByTestId("secret-value").fill(key === "password" ? VALUE : "mina");
    expect(await line.getByTestId("secret-value").getAttribute("type")).toBe("password");
  }
  await page.getByTestId("secret-save").click();
  await page.getByText("mail is saved.").waitFor();
  expect(await secret()).toEqual({ name: "mail", keys: ["password", "user"], entered: true });

  await page.getByTestId("deploy-button").click();
  await page
    .locator('[data-testid="deploy-steps"][data-state="succeeded"]')
    .waitFor({ timeout: 120 * SECOND });
  await eventually("it answers with the value", 30, async () => (await app(url)).body === VALUE);
  const checked = await student.json<{ diagnostics: { code: string }[] }>("GET", "/api/v1/deployments/plan");
  expect(checked.diagnostics.filter(({ code }) => code === "missing_secret")).toEqual([]);
});

test("its keys are listed, and a change asks for all of them anew", async () => {
  const row = page.locator('[data-testid="secret"][data-name="mail"]');
  expect(await row.locator("code").allTextContents()).toEqual(["password", "user"]);
  await row.getByTestId("secret-change").click();
  await form().getByText("Nobody can read the values back").waitFor();
  expect(await page.getByTestId("secret-name").getAttribute("readonly")).not.toBeNull();
  expect(await keys()).toEqual(["password", "user"]);
  const [first] = await form().getByTestId("secret-value").all();
  expect(await first?.inputValue()).toBe("");
  expect(await first?.evaluate((field) => field === document.activeElement)).toBe(true);

  // By the keyboard alone: type, show, leave the other key out, save.
  await page.keyboard.type("another");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await form().locator("textarea").waitFor();
  expect(await form().locator("textarea").inputValue()).toBe("another");
  await form().getByRole("button", { name: "Leave out key number 2" }).press("Enter");
  await form().getByText("go when you save: user").waitFor();
  await page.getByTestId("secret-save").press("Enter");
  await form().waitFor({ state: "detached" });
  await eventually("the other key is gone", 10, async () => (await secret()).keys.join() === "password");
  await row.getByText("user").waitFor({ state: "detached" });
});

test("what cannot be taken is said in the form", async () => {
  await page.getByTestId("secret-new").click();
  await page.getByTestId("secret-name").fill("My Secret");
  await page.getByTestId("secret-key").fill("token");
  await page.getByTestId("secret-value").fill("x");
  await page.getByTestId("secret-save").click();
  await form().getByRole("alert").getByText("cannot be the name of a Secret").waitFor();
  await page.getByTestId("secret-add").click();
  await form().getByTestId("secret-key").last().fill("token");
  await form().getByTestId("secret-value").last().fill("y");
  await page.getByTestId("secret-save").click();
  await form().getByRole("alert").getByText("The key token is there twice.").waitFor();
  await form().getByRole("button", { name: "Cancel" }).click();
});

test("a value is in no answer, to the page or to the API", async () => {
  const paths = [
    SECRETS,
    `${SECRETS}/mail`,
    "/api/v1/app",
    "/api/v1/app/map",
    "/api/v1/app/drift",
    "/api/v1/app/rollouts",
    "/api/v1/deployments/plan",
  ];
  const given = await Promise.all(paths.map(async (path) => (await student.ask("GET", path)).text()));
  const all = [...(await Promise.all(answers)), ...given];
  expect(all.length).toBeGreaterThan(20);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  for (const value of [VALUE, base64(VALUE), base64("another")])
    expect(all.filter((answer) => answer.includes(value))).toEqual([]);
});

test("it is deleted after a question", async () => {
  await page.getByTestId("secret-remove").click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  expect((await secret()).name).toBe("mail");
  await page.getByTestId("secret-remove").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("The Secret mail is gone.").waitFor();
  await page.getByText("There is no Secret yet.").waitFor();
  expect(await student.status("GET", `${SECRETS}/mail`)).toBe(404);
});

test("the API takes values in, drops the keys that are not named, and refuses what is no Secret", async () => {
  const put = (name: string, json: unknown) => student.status("PUT", `${SECRETS}/${name}`, { json });
  const read = () => student.json<Secret>("GET", `${SECRETS}/pay`);
  expect(await put("pay", { token: "1", "tls.key": "2" })).toBe(204);
  expect(await read()).toEqual({ name: "pay", keys: ["tls.key", "token"], entered: true });
  expect(await put("pay", { other: "3" })).toBe(204);
  expect(await read()).toEqual({ name: "pay", keys: ["other"], entered: true });
  expect(await student.json("GET", SECRETS)).toEqual({ secrets: [await read()] });
  expect(await put("My_Secret", { token: "1" })).toBe(400);
  expect(await put("pay", { "a key": "1" })).toBe(400);
  expect((await read()).keys).toEqual(["other"]);
  const other = new Client(newStudent("secrets-other"));
  expect(await other.status("GET", `${SECRETS}/pay`)).toBe(404);
  expect(await other.status("DELETE", `${SECRETS}/pay`)).toBe(404);
  expect(await student.status("DELETE", `${SECRETS}/pay`)).toBe(204);
  expect(await student.status("GET", `${SECRETS}/pay`)).toBe(404);
  expect(await student.status("DELETE", `${SECRETS}/pay`)).toBe(404);
});
