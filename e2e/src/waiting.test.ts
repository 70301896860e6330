/** A Deploy pressed while there is no cluster: it waits, says for what, goes on by itself, and ends in an application that answers. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { app, Client, type Deployment, entries, isOver } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, newStudent } from "./instance.ts";
import { images, Server } from "./server.ts";

const WAITS = "Waiting for the cluster; this goes on by itself once it is there. ";
const account = newStudent("waiting");
const student = new Client(account);
const node = `maru-${instanceId}-node`;
const first = new Server();

let browser: Browser;
let page: Page;

/** The newest Deploy, as its student reads it. */
async function newest(client: Client, language = "en"): Promise<Deployment> {
  const headers = { "Accept-Language": language };
  const { deployments } = await client.json<{ deployments: Deployment[] }>("GET", "/api/v1/deployments", {
    headers,
  });
  if (!deployments[0]) throw new Error("there is no Deploy");
  return deployments[0];
}

/** What the step that goes on says, once it waits. */
const waits = (client: Client, language = "en", words = WAITS): Promise<string> =>
  eventually("it says that it waits", 60, async () => {
    const now = await newest(client, language);
    if (isOver(now)) throw new Error(JSON.stringify(now));
    const { detail } = now.steps.find(({ state }) => state === "running") ?? {};
    return detail?.startsWith(words) ? detail : undefined;
  });

async function ends(client: Client): Promise<Deployment> {
  const end = await eventually("the Deploy has ended", 240, async () => {
    const now = await newest(client);
    return isOver(now) && now;
  });
  expect(end.state, JSON.stringify(end.steps)).toBe("succeeded");
  expect(end.steps.map(({ state }) => state)).toEqual(Array(4).fill("succeeded"));
  return end;
}

beforeAll(async () => {
  await student.workspaceReady();
  // What has to be built is, so that the cluster alone is waited for.
  expect((await student.deploy("while all is well")).state).toBe("succeeded");
  browser = await launch();
  page = await openIde(browser, account, { locale: "ko-KR" });
});

afterAll(async () => {
  await browser?.close();
  await first.sweep();
});

test("while the node does not answer it waits, as the page says, until it does", async () => {
  docker("pause", node);
  try {
    await page.getByTestId("deploy-button").click();
    const said = await waits(student);
    expect(said.slice(WAITS.length)).not.toBe("");
    expect(await waits(student, "ko", "클러스터를 기다리는 중입니다. 준비되면 저절로 이어집니다. ")).toMatch(
      /[가-힣]/,
    );
    const detail = page.locator('.step[data-state="running"] .step-detail');
    await detail.filter({ hasText: "클러스터를 기다리는 중입니다" }).waitFor({ timeout: 30 * SECOND });
    expect(await page.getByTestId("deploy-steps").getAttribute("data-state")).toBe("running");
  } finally {
    docker("unpause", node);
  }
  const { url } = await ends(student);
  await page
    .locator('[data-testid="deploy-steps"][data-state="succeeded"]')
    .waitFor({ timeout: 30 * SECOND });
  expect(Array.isArray(await entries(url ?? ""))).toBe(true);
});

test("after the node was killed it waits until it is back, and then rolls out", async () => {
  docker("kill", node);
  const { id } = await student.json<{ id: string }>("POST", "/api/v1/deployments", { json: {} });
  await waits(student);
  const end = await ends(student);
  expect(end.id).toBe(id);
  await eventually("it answers", 30, async () => (await app(end.url ?? "")).status === 200);
  await eventually("its database is back too", 90, async () => Array.isArray(await entries(end.url ?? "")));
});

test("before there is a cluster at all the IDE is of use, and Deploy says what it waits for", async () => {
  // The image of the node comes last in ./up: until then it has a name that nothing has.
  const real = images().MARU_NODE_IMAGE ?? "";
  const later = `maru/node:later-${first.data.split("-").at(-1)?.toLowerCase()}`;
  await first.start({ MARU_NODE_IMAGE: later });
  const mina = new Client(newStudent("early", first.data), first.url);
  await mina.workspaceReady();
  const greeting = "/api/v1/workspace/files/guestbook/web/index.html";
  const before = await eventually("the project is cloned", 30, async () => {
    const answer = await mina.ask("GET", greeting);
    return answer.ok && (await answer.text());
  });
  const edited = before.replace(/(<h1[^>]*>)[^<]*/, "$1Early");
  expect(edited).not.toBe(before);
  expect(await mina.status("PUT", greeting, { body: edited })).toBeLessThan(300);
  await mina.json("POST", "/api/v1/deployments", { json: {} });
  const said = await eventually("its images are built, and it waits", 180, () => waits(mina));
  expect(said).toBe(`${WAITS}The cluster's image is still being built.`);
  const now = await newest(mina);
  expect(now.steps.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "running", "pending"]);

  docker("tag", real, later);
  try {
    const { url } = await ends(mina);
    const answer = await eventually("the gateway knows the way", 30, async () => {
      const { status, body } = await app(url ?? "");
      return status === 200 && body;
    });
    expect(answer).toMatch(/<h1[^>]*>Early</);
    expect(Array.isArray(await entries(url ?? ""))).toBe(true);
  } finally {
    await first.stop();
    docker("rmi", later);
  }
});
