/** Nobody goes without an answer while an application changes under steady load: new versions, more and fewer pods, pods that end. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { deployment, ingress, rollout, service, Team, visitors } from "./team.ts";

const WEB = "/api/v1/app/workloads/Deployment/web";
const AT_ONCE = 8;

/** A program that ends as soon as it is told to, as most do, and Kubernetes' own remedy: it is told a little later. */
const PROMPT = {
  command: [
    "python3",
    "-u",
    "-c",
    [
      "import os, signal, sys",
      "from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer",
      "class Handler(BaseHTTPRequestHandler):",
      "    protocol_version = 'HTTP/1.1'",
      "    def do_GET(self):",
      "        body = os.environ['VERSION'].encode()",
      "        self.send_response(200)",
      "        self.send_header('Content-Length', str(len(body)))",
      "        self.end_headers()",
      "        self.wfile.write(body)",
      "    def log_message(self, *said): pass",
      "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))",
      "ThreadingHTTPServer(('', 8000), Handler).serve_forever()",
    ].join("\n"),
  ],
  lifecycle: { preStop: { sleep: { seconds: 2 } } },
};

describe.each([
  ["a program that goes on until it is killed", "steady", {}],
  ["a program that ends at once, two seconds after its pod is told to", "prompt", PROMPT],
])("%s, in two pods", (_, name, more) => {
  const team = new Team(name);
  const version = (said: string) => [
    deployment(said, 2, more),
    service("web"),
    ingress("web", team.host, "web"),
  ];
  const pods = async () =>
    (await team.state()).pods.filter(({ owner, phase }) => owner === "web" && phase !== "Terminating");
  const ready = (count: number) =>
    eventually(`${count} pods are ready`, 90, async () => {
      const now = await pods();
      return now.length === count && now.every((pod) => pod.ready) && now;
    });
  /** Does something while many ask, and for two seconds more. */
  async function underLoad(work: () => Promise<unknown>): Promise<void> {
    const stop = visitors(team.url(), AT_ONCE);
    try {
      await work();
      await new Promise((resolve) => setTimeout(resolve, 2000));
    } finally {
      const { asked, failed } = await stop();
      console.log(`${name}: ${asked} asked, ${failed.length} failed`);
      expect(failed).toEqual([]);
      expect(asked).toBeGreaterThan(200);
    }
  }

  beforeAll(async () => {
    await team.begin();
    const first = await team.roll(version("v1"));
    expect(first.state, JSON.stringify(first)).toBe("healthy");
    await team.onlyAnswers("v1");
  });
  afterAll(() => team.remove());

  test("a rolling update", async () => {
    await underLoad(async () => {
      const second = await team.roll(version("v2"));
      expect(second.state, JSON.stringify(second)).toBe("healthy");
      await team.onlyAnswers("v2");
    });
  });

  test("more pods, and fewer", async () => {
    await underLoad(async () => {
      for (const replicas of [4, 2, 3, 2]) {
        expect(await team.client.status("POST", `${WEB}/scale`, { json: { replicas } })).toBe(202);
        await ready(replicas);
      }
    });
  });

  test("pods that end, one after another, and all anew", async () => {
    await underLoad(async () => {
      for (let round = 0; round < 3; round++) {
        const [victim] = await ready(2);
        expect(await team.client.status("DELETE", `/api/v1/app/pods/${victim?.name}`)).toBe(202);
        await eventually("it is gone", 60, async () =>
          (await pods()).every(({ name }) => name !== victim?.name),
        );
      }
      await ready(2);
      const before = (await pods()).map((pod) => pod.name);
      expect(await team.client.status("POST", `${WEB}/restart`)).toBe(202);
      await eventually("all pods are new", 90, async () => {
        const now = await pods();
        return now.length === 2 && now.every((pod) => pod.ready && !before.includes(pod.name));
      });
    });
  });
});

describe("weights of a canary", () => {
  const team = new Team("weights");
  const version = (name: string) => [
    rollout(name, {
      canary: {
        stableService: "web",
        canaryService: "web-canary",
        trafficRouting: { nginx: { stableIngress: "web" } },
        steps: [
          { setWeight: 5 },
          { pause: {} },
          { setWeight: 33 },
          { pause: {} },
          { setWeight: 80 },
          { pause: {} },
        ],
      },
    }),
    service("web"),
    service("web-canary"),
    ingress("web", team.host, "web"),
  ];

  beforeAll(() => team.begin());
  afterAll(() => team.remove());

  test("are what the requests are, within 2 %", async () => {
    expect((await team.roll(version("v1"))).state).toBe("healthy");
    await team.onlyAnswers("v1");
    let now = await team.roll(version("v2"));
    for (const weight of [5, 33, 80]) {
      now = await eventually(`it stands at ${weight} %`, 60, async () => {
        const read = await team.read(now.id);
        return read.paused?.weight === weight && read;
      });
      const requests = 1000;
      const { v1 = 0, v2 = 0, ...others } = await team.shares(requests);
      console.log(`weight ${weight} %: ${v2} of ${requests}`);
      expect(others).toEqual({});
      expect(v1 + v2).toBe(requests);
      expect(Math.abs(v2 / requests - weight / 100)).toBeLessThanOrEqual(0.02);
      expect(await team.client.status("POST", `/api/v1/app/rollouts/${now.id}/promote`)).toBe(202);
    }
    expect((await team.ended(now.id)).state).toBe("healthy");
    await team.onlyAnswers("v2");
  });
});
