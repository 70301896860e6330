/** The target state beside what runs, refreshed by hand and by a push; what rollouts changed, and who began them; environments. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";
import { deployment, ingress, ROLLOUTS, service, Team } from "./team.ts";

interface Planned {
  kind: string;
  name: string;
  change: string;
  fields: { path: string; before: string | null; after: string | null }[];
}

interface Compared {
  commit: string;
  state: string;
  compared: boolean;
  diff: Planned[] | null;
}

interface Environment {
  containers: {
    container: string;
    variables: {
      name: string;
      value: string | null;
      from: { kind: string; name: string; key: string } | null;
      missing: boolean;
    }[];
    missing: { kind: string; name: string }[];
  }[];
}

const team = new Team("target");
const settings = (level: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings" },
  data: { LEVEL: level },
});
const env = (version: string) => [
  { name: "VERSION", value: version },
  { name: "GREETING", value: "this is $(VERSION)" },
  { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
  { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
];
const version = (name: string, level = "info") => [
  settings(level),
  deployment(name, 1, { env: env(name), envFrom: [{ configMapRef: { name: "settings" } }] }),
  service("web"),
  ingress("web", team.host, "web"),
];
const target = (): Promise<Compared> => team.client.json("GET", "/api/v1/app/target");
const changed = ({ diff }: Compared) => (diff ?? []).filter(({ change }) => change !== "same");
const SECRET = "not-to-be-seen";

let browser: Browser;
let page: Page;

beforeAll(async () => {
  await team.begin();
  expect(await team.client.status("GET", "/api/v1/app/target")).toBe(409);
  const json = { password: SECRET };
  expect(await team.client.status("PUT", "/api/v1/app/secrets/db", { json })).toBe(204);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  team.remove();
});

test("before anything runs all of the target state is new; then it is what runs", async () => {
  await team.refresh(version("v1"));
  const first = await target();
  expect(first).toMatchObject({ state: "ready", compared: true });
  expect(new Set(first.diff?.map(({ change }) => change))).toEqual(new Set(["add"]));
  expect((await team.start()).state).toBe("healthy");
  page = await openIde(browser, team.account);
  await page.getByTestId("activity-rollout").click();
  await page.getByTestId("target-same").waitFor({ timeout: 30 * SECOND });
  expect(changed(await target())).toEqual([]);
});

test("a refresh shows field by field what a rollout would change, and touches nothing", async () => {
  const commit = team.push(version("v2"));
  // Nothing is read by itself as it is at first.
  expect((await target()).commit).not.toBe(commit);
  await page.getByTestId("rollout-refresh").click();
  const row = page.locator(
    '[data-testid="target-changes"] [data-testid="plan-object"][data-change="change"]',
  );
  await row
    .getByText("web")
    .first()
    .waitFor({ timeout: 30 * SECOND });
  const now = await target();
  expect(now.commit).toBe(commit);
  expect(changed(now)).toMatchObject([{ kind: "Deployment", name: "web", change: "change" }]);
  expect(changed(now)[0]?.fields).toContainEqual({
    path: "spec.template.spec.containers[web].env[VERSION].value",
    before: "v1",
    after: "v2",
  });
  await team.onlyAnswers("v1");
});

test("where it is switched on, a push refreshes the target state and rolls nothing out", async () => {
  await page.getByTestId("target-on-push").check();
  await page.getByText("From now on a push to main refreshes the target state.").waitFor();
  expect(await team.client.json("GET", "/api/v1/app")).toMatchObject({ refresh_on_push: true });
  const before = await team.client.json<{ rollouts: unknown[] }>("GET", ROLLOUTS);
  const commit = team.push(version("v3", "debug"));
  const read = await eventually("the push is the target state", 60, async () => {
    const now = await target();
    return now.commit === commit && now;
  });
  expect(read.state).toBe("ready");
  expect(changed(read).map(({ kind }) => kind)).toEqual(["ConfigMap", "Deployment"]);
  await page.locator(`[data-testid="target"][data-commit="${commit}"]`).waitFor({ timeout: 30 * SECOND });
  expect(await team.client.json("GET", ROLLOUTS)).toEqual(before);
  await team.onlyAnswers("v1");

  await page.getByTestId("target-on-push").uncheck();
  await page.getByText("refreshed by hand and by Deploy only").waitFor();
  expect(await team.client.json("GET", "/api/v1/app")).toMatchObject({ refresh_on_push: false });
});

test("the source is told, and another that cannot be is refused in its place", async () => {
  await page.getByTestId("source-now").getByText("project guestbook").waitFor();
  await page.getByTestId("source-change").click();
  const form = page.getByTestId("source-form");
  await form.getByTestId("source-elsewhere").check();
  const address = form.getByTestId("source-field-url");
  await address.fill("git@github.com:mina/shop.git");
  await page.keyboard.press("Enter");
  await form.getByText("has to begin with https://").waitFor();
  await address.fill("https://registry.localhost/shop.git");
  await form.getByTestId("source-save").click();
  await form.getByText("its host is not a public name").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("source-change").waitFor();
  expect(await team.client.json("GET", "/api/v1/app")).toMatchObject({ source: { project: "guestbook" } });
});

test("a mistake that is pushed is told, and what runs is untouched", async () => {
  expect(await team.client.status("PATCH", "/api/v1/app", { json: { refresh_on_push: true } })).toBe(200);
  const wrong = JSON.parse(JSON.stringify(version("v4")).replace("containerPort", "contianerPort"));
  const commit = team.push(wrong);
  const read = await eventually("the push is the target state", 60, async () => {
    const now = await target();
    return now.commit === commit && now;
  });
  expect(read).toMatchObject({ state: "failed", diff: null });
  await page
    .getByTestId("target")
    .getByText("contianerPort")
    .first()
    .waitFor({ timeout: 30 * SECOND });
  await team.onlyAnswers("v1");
});

test("each rollout says who began it and what it changed against the one before", async () => {
  const { id } = await team.roll(version("v5"));
  const rollout = await team.client.json<{
    by: string;
    diff: { against: number | null; objects: Planned[] };
  }>("GET", `${ROLLOUTS}/${id}`);
  expect(rollout.by).toBe(team.account.login);
  expect(rollout.diff.against).toBe(1);
  const found = rollout.diff.objects.filter(({ change }) => change !== "same");
  expect(found).toMatchObject([{ kind: "Deployment", name: "web", change: "change" }]);
  expect(found[0]?.fields.map(({ path }) => path)).toContain(
    "spec.template.spec.containers[web].env[VERSION].value",
  );
  const row = page.locator('[data-testid="rollout"][data-number="2"]');
  await row.getByText(`by ${team.account.login}`).waitFor({ timeout: 20 * SECOND });
  await row.getByText("What it changed").click();
  await row.getByText("Against rollout 1:").waitFor();
  await row.locator("ins", { hasText: "v5" }).first().waitFor();
  const first = page.locator('[data-testid="rollout"][data-number="1"]');
  await first.getByText("What it changed").click();
  await first.getByText("It was the first").waitFor();
});

test("the environment of a container is told name by name, without the values of Secrets", async () => {
  const path = "/api/v1/app/workloads/Deployment/web/environment";
  const text = await (await team.client.ask("GET", path)).text();
  expect(text).not.toContain(SECRET);
  const { containers } = JSON.parse(text) as Environment;
  expect(containers).toHaveLength(1);
  const of = (name: string) => containers[0]?.variables.find((variable) => variable.name === name);
  expect(of("VERSION")).toMatchObject({ value: "v5", from: null });
  expect(of("GREETING")).toMatchObject({ value: "this is v5" });
  expect(of("LEVEL")).toMatchObject({
    value: "info",
    from: { kind: "ConfigMap", name: "settings", key: "LEVEL" },
  });
  expect(of("PASSWORD")).toMatchObject({ value: null, missing: false, from: { kind: "Secret", name: "db" } });
  expect(of("POD")).toMatchObject({ value: null, from: { kind: "Pod", key: "metadata.name" } });

  await page.getByTestId("appmap-open").click();
  await page.locator('[data-card="Deployment/web"]').click();
  const fold = page.getByTestId("map-environment");
  await fold.locator("summary").click();
  const row = (name: string) => fold.locator(`[data-variable="${name}"]`);
  await row("GREETING").getByText("this is v5").waitFor();
  await row("LEVEL").getByText("ConfigMap settings · LEVEL").waitFor();
  await row("PASSWORD").getByText("hidden").waitFor();
  expect(await fold.innerText()).not.toContain(SECRET);
});

test("a Secret that goes is told as missing; somebody else's workload is not there", async () => {
  expect(await team.client.status("DELETE", "/api/v1/app/secrets/db")).toBe(204);
  const path = "/api/v1/app/workloads/Deployment/web/environment";
  const { containers } = await team.client.json<Environment>("GET", path);
  const password = containers[0]?.variables.find(({ name }) => name === "PASSWORD");
  expect(password).toMatchObject({ missing: true });
  const other = new Client(newStudent("target-other"));
  expect(await other.status("GET", path)).toBe(404);
  expect(await team.client.status("GET", "/api/v1/app/workloads/Secret/db/environment")).toBe(404);
});
