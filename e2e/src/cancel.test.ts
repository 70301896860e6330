/** A Deploy that is cancelled: in the build, and in the rollout. What ran goes on, and the next one goes through. */
import { beforeAll, expect, test } from "vitest";
import { app, Client, type Deployment, isOver } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent } from "./instance.ts";
import { ingress, service, yaml } from "./team.ts";

const account = newStudent("cancel");
const student = new Client(account);
const url = new URL(maru.app_url);
url.hostname = `${account.login}.apps.localhost`;

const BUILDS = "/api/v1/repositories/guestbook-web/builds";

const write = (path: string, body: string) =>
  student.status("PUT", `/api/v1/workspace/files/guestbook/${path}`, { body });
const dockerfile = (line = "") =>
  write("web/Dockerfile", `FROM registry.localhost/base/nginx:1\nCOPY index.html /var/www/html/\n${line}\n`);
const page = (text: string) => write("web/index.html", `<h1>${text}</h1>\n`);
const shown = async () => (await app(url.href)).body;

/** `settle`: seconds that a pod has to be ready for, before it counts. */
const manifests = (settle = 0) => {
  const image = `registry.localhost/${account.login}/guestbook-web`;
  const containers = [{ name: "web", image, ports: [{ name: "http", containerPort: 8080 }] }];
  const labels = { app: "web" };
  const web = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      minReadySeconds: settle,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  };
  return write("k8s/web.yaml", yaml([web, service("web"), ingress("web", url.hostname, "web")]));
};

/** Deploys, and cancels as soon as `step` is under way and `reached` holds. */
async function cancelled(step: string, reached: () => Promise<boolean>): Promise<Deployment> {
  const { id } = await student.json<Deployment>("POST", "/api/v1/deployments", { json: {} });
  const read = () => student.json<Deployment>("GET", `/api/v1/deployments/${id}`);
  await eventually(`${step} is under way`, 120, async () => {
    const now = await read();
    if (isOver(now)) throw new Error(JSON.stringify(now));
    return now.steps.find(({ name }) => name === step)?.state === "running" && (await reached());
  });
  expect(await student.status("POST", `/api/v1/deployments/${id}/cancel`)).toBeLessThan(300);
  const ended = await eventually("it has ended", 30, async () => {
    const now = await read();
    return isOver(now) && now;
  });
  expect(ended.state, JSON.stringify(ended)).toBe("cancelled");
  expect(ended.steps.find(({ name }) => name === step)?.state).toBe("cancelled");
  return ended;
}

beforeAll(async () => {
  await student.workspaceReady();
  for (const folder of ["api", "db", "k8s"])
    await student.status("DELETE", `/api/v1/workspace/files/guestbook/${folder}`);
  for (const repository of ["guestbook-api", "guestbook-db"])
    await student.status("DELETE", `/api/v1/repositories/${repository}`);
  await dockerfile();
  await page("first");
  await manifests();
  expect(await student.deploy("first")).toMatchObject({ state: "succeeded" });
  expect(await shown()).toContain("first");
});

test("in the build: it ends within seconds, and nothing was rolled out", async () => {
  interface Builds {
    builds: { state: string }[];
  }
  await page("second");
  await dockerfile("RUN sleep 300");
  const newest = async () => (await student.json<Builds>("GET", BUILDS)).builds[0];
  const { steps } = await cancelled("build", async () => (await newest())?.state === "running");
  expect((await newest())?.state).toBe("cancelled");
  expect(steps.find(({ name }) => name === "rollout")?.state).not.toBe("succeeded");
  expect(await shown()).toContain("first");
});

test("in the rollout: what ran goes on, and the next Deploy goes through", async () => {
  await dockerfile();
  await manifests(300);
  interface App {
    pods: { ready: boolean }[];
  }
  // The new pod is ready, and has not been for long enough: the old one serves beside it.
  await cancelled("rollout", async () => {
    const { pods } = await student.json<App>("GET", "/api/v1/app");
    return pods.filter(({ ready }) => ready).length === 2;
  });
  expect(await shown()).toMatch(/first|second/);
  await manifests();
  await page("third");
  expect(await student.deploy("third")).toMatchObject({ state: "succeeded" });
  await eventually("the third is shown", 20, async () => (await shown()).includes("third"));
});
