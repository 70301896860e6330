/** Changes past git: shown with who made them, and taken back; and the way back to a rollout before. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { eventually } from "./eventually.ts";
import { deployment, ingress, ROLLOUTS, service, Team } from "./team.ts";
import { run } from "./terminal.ts";

interface Drift {
  rollout: string | null;
  objects: {
    kind: string;
    name: string;
    gone: boolean;
    fields: { path: string; before: string | null; after: string | null }[];
    extra: { path: string; value: string | null }[];
    hands: { manager: string; at: string }[];
  }[];
}

const team = new Team("drift");
const version = (name: string) => [
  deployment(name, 1),
  service("web"),
  service("spare"),
  ingress("web", team.host, "web"),
];
const drift = (): Promise<Drift> => team.client.json("GET", "/api/v1/app/drift");
const of = ({ objects }: Drift, kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.name === name);

let browser: Browser;
let page: Page;
let first: string;

beforeAll(async () => {
  await team.begin();
  expect(await drift()).toEqual({ rollout: null, objects: [] });
  first = (await team.roll(version("v1"))).id;
  await team.roll(version("v2"));
  await team.onlyAnswers("v2");
  browser = await launch();
  page = await openIde(browser, team.account);
  await page.getByTestId("appmap-open").click();
  await page
    .getByTestId("map-node")
    .first()
    .waitFor({ timeout: 30 * SECOND });
});
afterAll(async () => {
  await browser?.close();
  team.remove();
});

test("what was just rolled out differs in nothing", async () => {
  expect((await drift()).objects).toEqual([]);
  expect(await page.getByTestId("drift").count()).toBe(0);
});

test("changes by kubectl are told field by field, with what made them", async () => {
  const said = await run(
    team.client,
    [
      "kubectl set env deployment/web VERSION=hand DEBUG=1",
      "kubectl scale deployment/web --replicas=2",
      "kubectl delete service spare",
    ].join(" && "),
  );
  expect(said).toContain("ended with 0");
  const now = await drift();
  const web = of(now, "Deployment", "web");
  expect(web?.fields).toEqual([
    { path: "spec.replicas", before: "2", after: "1" },
    { path: "spec.template.spec.containers[web].env[VERSION].value", before: "hand", after: "v2" },
  ]);
  expect(web?.extra.map(({ path }) => path)).toEqual(["spec.template.spec.containers[web].env[DEBUG]"]);
  expect(web?.hands.map(({ manager }) => manager).sort()).toEqual(["kubectl", "kubectl-set"]);
  expect(of(now, "Service", "spare")).toMatchObject({ gone: true });
  expect(now.objects).toHaveLength(2);
});

test("the page shows them and takes them back", async () => {
  const card = page.getByTestId("drift");
  await card.getByText("is hand, git says v2").waitFor({ timeout: 20 * SECOND });
  await card.locator('[data-object="Service/spare"]').getByText("deleted").waitFor();
  await page.getByTestId("drift-back").click();
  await page.getByText("What rollout 2 brought runs again.").waitFor({ timeout: 60 * SECOND });
  await team.onlyAnswers("v2");
  const now = await drift();
  expect(of(now, "Service", "spare")).toBeUndefined();
  expect(of(now, "Deployment", "web")?.fields).toEqual([]);
  // Nobody asked Kubernetes to take what was added, so it stays, and is told.
  expect(of(now, "Deployment", "web")?.extra).toHaveLength(1);
});

test("the page's own buttons count as hands, a restart does not", async () => {
  const web = "/api/v1/app/workloads/Deployment/web";
  expect(await team.client.status("POST", `${web}/restart`)).toBe(202);
  expect(of(await drift(), "Deployment", "web")?.fields).toEqual([]);
  expect(await team.client.status("POST", `${web}/scale`, { json: { replicas: 3 } })).toBe(202);
  const drifted = of(await drift(), "Deployment", "web");
  expect(drifted?.fields).toEqual([{ path: "spec.replicas", before: "3", after: "1" }]);
  expect(drifted?.hands[0]?.manager).toBe("maru-page");
});

test("the history leads back to a rollout before, with its very objects", async () => {
  await page.getByRole("tab", { name: "History" }).click();
  const row = page.locator('[data-testid="rollout"][data-number="1"]');
  await row.getByTestId("rollout-back").click();
  await page.getByRole("dialog").getByRole("button", { name: "Go back to this" }).click();
  await page.getByText("What rollout 1 brought runs again.").waitFor({ timeout: 60 * SECOND });
  await team.onlyAnswers("v1");
  const { rollouts } = await team.client.json<{
    rollouts: { number: number; origin: string; state: string }[];
  }>("GET", ROLLOUTS);
  expect(rollouts[0]).toMatchObject({ number: 4, origin: first, state: "healthy" });
  await page.locator('[data-testid="rollout"][data-number="4"]').getByText("back to #1").waitFor();
});

test("the application is deleted from its page, and cannot be rolled back to without being there", async () => {
  await page.getByTestId("app-remove").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete the application" }).click();
  await page.getByText("The application is gone; its data is kept.").waitFor();
  const { health } = await team.client.json<{ health: string }>("GET", "/api/v1/app");
  expect(health).toBe("none");
  await eventually("its parts are gone", 60, async () => {
    const { nodes, pods } = await team.client.json<{ nodes: unknown[]; pods: unknown[] }>(
      "GET",
      "/api/v1/app/map",
    );
    return nodes.length + pods.length === 0;
  });
  expect(await team.client.status("POST", `${ROLLOUTS}/${first}/rollback`)).toBe(404);
});
