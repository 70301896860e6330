/** Canary and blue/green on the real cluster: two versions side by side, shares that hold, and nobody who gets no answer. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openIde } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";
import { ingress, ROLLOUTS, rollout, service, Team, visitors, yaml } from "./team.ts";
import { run } from "./terminal.ts";

describe("canary", () => {
  const team = new Team("canary");
  const stranger = new Client(newStudent("stranger"));
  const steps = [{ setWeight: 50 }, { pause: {} }];
  const version = (name: string) => [
    rollout(name, {
      canary: {
        stableService: "web",
        canaryService: "web-canary",
        trafficRouting: { nginx: { stableIngress: "web" } },
        steps,
      },
    }),
    service("web"),
    service("web-canary"),
    ingress("web", team.host, "web"),
  ];
  let stop: () => Promise<{ asked: number; failed: string[] }>;

  beforeAll(() => team.begin());
  afterAll(() => team.remove());

  test("the first version goes to everybody at once, and there is nothing to promote or abort", async () => {
    const first = await team.roll(version("v1"));
    expect(first.state, JSON.stringify(first)).toBe("healthy");
    await team.onlyAnswers("v1");
    stop = visitors(team.url());
    for (const order of ["promote", "abort"]) {
      const answer = await team.client.ask("POST", `${ROLLOUTS}/${first.id}/${order}`);
      expect(answer.status).toBe(409);
      expect(answer.headers.get("Content-Type")).toContain("application/problem+json");
      expect(await answer.json()).toMatchObject({ code: "nothing_waits", fix: expect.any(String) });
    }
  });

  test("the second stands still at half of the requests until it is promoted", async () => {
    const second = await team.roll(version("v2"));
    expect(second.state, JSON.stringify(second)).toBe("wait");
    expect(second.paused).toMatchObject({ reason: "CanaryPauseStep", step: 2, steps: 2, weight: 50 });
    const now = await team.state();
    expect(now.current).toMatchObject({ state: "progressing", paused: { weight: 50 } });
    const roles = now.pods.filter(({ owner }) => owner === "web").map(({ role }) => role);
    expect(roles.sort()).toEqual(["canary", "stable"]);

    const { v1 = 0, v2 = 0, ...others } = await team.shares(400);
    expect(others).toEqual({});
    expect(v1 + v2).toBe(400);
    // The visitors ask beside, at any moment: four standard deviations of 400 throws of a coin, 10 each. How exact the
    // weights are is told in steady.test.ts, where nobody else asks.
    expect(Math.abs(v2 - 200), `${v2} of 400`).toBeLessThanOrEqual(40);

    expect(await stranger.status("POST", `${ROLLOUTS}/${second.id}/promote`)).toBe(404);
    expect(await team.client.status("POST", `${ROLLOUTS}/${second.id}/promote`)).toBe(202);
    const ended = await team.ended(second.id);
    expect(ended.state, JSON.stringify(ended)).toBe("healthy");
    await team.onlyAnswers("v2");
  });

  test("a third that is aborted leaves everybody with the second, and says so", async () => {
    const third = await team.roll(version("v3"));
    expect(third.paused, JSON.stringify(third)).not.toBeNull();
    expect((await team.shares(20)).v3).toBeGreaterThan(0);
    expect(await team.client.status("POST", `${ROLLOUTS}/${third.id}/abort`)).toBe(202);
    const ended = await team.ended(third.id);
    expect(ended.state, JSON.stringify(ended)).toBe("cancelled");
    expect(ended.diagnostics.map(({ code }) => code)).toEqual(["rollout_aborted"]);
    await team.onlyAnswers("v2");
    expect(await team.strategy()).toMatchObject({ aborted: true, weight: 0 });
    const { objects } = await team.state();
    expect(objects.find(({ kind }) => kind === "Rollout")?.message).toContain("aborted");
  });

  test("nobody went without an answer", async () => {
    const { asked, failed } = await stop();
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(400);
  });
});

describe("blue/green", () => {
  const team = new Team("green");
  const preview = `preview-${team.host}`;
  const version = (name: string) => [
    rollout(name, {
      blueGreen: { activeService: "web", previewService: "web-preview", autoPromotionEnabled: false },
    }),
    service("web"),
    service("web-preview"),
    ingress("web", team.host, "web"),
    ingress("web-preview", preview, "web-preview"),
  ];

  beforeAll(() => team.begin());
  afterAll(() => team.remove());

  test("the new version is at the preview's address alone, until it is promoted", async () => {
    const first = await team.roll(version("v1"));
    expect(first.state, JSON.stringify(first)).toBe("healthy");
    await team.onlyAnswers("v1");
    const stop = visitors(team.url());

    const second = await team.roll(version("v2"));
    expect(second.paused, JSON.stringify(second)).toMatchObject({ reason: "BlueGreenPause", weight: 0 });
    expect(await team.shares(40)).toEqual({ v1: 40 });
    await team.onlyAnswers("v2", preview);
    expect((await team.strategy())?.services).toMatchObject({ active: "web", preview: "web-preview" });
    const roles = (await team.state()).pods.map(({ role }) => role);
    expect(roles.sort()).toEqual(["active", "preview"]);

    expect(await team.client.status("POST", `${ROLLOUTS}/${second.id}/promote`)).toBe(202);
    expect((await team.ended(second.id)).state).toBe("healthy");
    await team.onlyAnswers("v2");
    expect((await stop()).failed).toEqual([]);
  });

  test("a version that waits gives way to the next one, which the page promotes", async () => {
    const third = await team.roll(version("v3"));
    expect(third.paused).not.toBeNull();
    const fourth = await team.roll(version("v4"));
    expect(fourth.paused, JSON.stringify(fourth)).not.toBeNull();
    expect((await team.read(third.id)).state).toBe("cancelled");
    await team.onlyAnswers("v4", preview);
    const browser = await launch();
    try {
      const page = await openIde(browser, team.account);
      const card = page.getByTestId("strategy");
      await card.getByText("Blue/Green").waitFor();
      await card.getByText("0 % of the requests get the new version").waitFor();
      await card.getByText("preview: 1 of 1 ready").waitFor();
      await page.getByTestId("strategy-full").click();
      await page.getByRole("dialog").getByRole("button", { name: "Promote fully" }).click();
      await card.getByText("Everybody gets one version").waitFor();
    } finally {
      await browser.close();
    }
    expect((await team.ended(fourth.id)).state).toBe("healthy");
    await team.onlyAnswers("v4");
  });

  test("Deploy ends where only a person can go on, and says so", async () => {
    expect(await run(team.client, "cd ~/guestbook && git pull --quiet")).toContain("ended with 0");
    const file = "/api/v1/workspace/files/guestbook/rollouts/app.yaml";
    expect(await team.client.status("PUT", file, { body: yaml(version("v5")) })).toBeLessThan(300);
    const deployment = await team.client.deploy("the fifth");
    expect(deployment.state, JSON.stringify(deployment.steps)).toBe("succeeded");
    expect(deployment.steps.at(-1)?.detail).toContain("promote or abort");
    const { current } = await team.state();
    expect(current.paused?.reason).toBe("BlueGreenPause");
    await team.onlyAnswers("v5", preview);
    expect(await team.client.status("POST", `${ROLLOUTS}/${current.id}/abort`)).toBe(202);
    expect((await team.ended(current.id)).state).toBe("cancelled");
    await team.onlyAnswers("v4");
  });
});
