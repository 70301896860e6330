/** What a rollout takes away, and what it refuses before anything is applied. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { deployment, ingress, ROLLOUTS, service, Team, yaml } from "./team.ts";

const team = new Team("prune");
const always = () => [service("web"), ingress("web", team.host, "web")];
const spare = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "spare" },
  data: { greeting: "hello" },
};
const kept = (kind: string, name: string): Promise<number> =>
  team.client.status("GET", `/k8s/api/v1/namespaces/${team.account.namespace}/${kind}/${name}`);

beforeAll(async () => {
  await team.begin();
  expect(await team.roll([deployment("v1", 1), ...always(), service("spare"), spare])).toMatchObject({
    state: "healthy",
  });
  await team.onlyAnswers("v1");
});
afterAll(() => team.remove());

test("what git no longer has stays while the new version is not healthy", async () => {
  const broken = { command: ["sh", "-c", "echo it broke; exit 3"] };
  const ended = await team.roll([deployment("v2", 1, broken), ...always()]);
  expect(ended.state).toBe("failed");
  expect(await kept("services", "spare")).toBe(200);
  expect(await kept("configmaps", "spare")).toBe(200);
});

test("and is gone after a rollout that became healthy, with nothing else", async () => {
  // Somebody's own, which no rollout has brought.
  const made = `/k8s/api/v1/namespaces/${team.account.namespace}/configmaps`;
  await team.client.json("POST", made, { json: { ...spare, metadata: { name: "by-hand" } } });
  expect(await team.roll([deployment("v3", 1), ...always()])).toMatchObject({ state: "healthy" });
  await team.onlyAnswers("v3");
  await eventually("they are gone", 30, async () =>
    [await kept("services", "spare"), await kept("configmaps", "spare")].every((status) => status === 404),
  );
  expect(await kept("services", "web")).toBe(200);
  expect(await kept("configmaps", "by-hand")).toBe(200);
});

test("a field that cannot be changed is told with its file and line, and nothing is applied", async () => {
  const other = deployment("v4", 1);
  const labels = { app: "web", tier: "front" };
  other.spec.selector = { matchLabels: labels };
  other.spec.template.metadata.labels = labels;
  const objects = [other, ...always()];
  const target = await team.refresh(objects);
  expect(target.state).toBe("failed");
  const lines = yaml(objects).split("\n");
  expect(target.diagnostics.find(({ severity }) => severity === "error")).toMatchObject({
    code: "immutable_field",
    message: "Deployment web exists already, and `spec.selector` of it cannot be changed",
    file: "rollouts/app.yaml",
    line: lines.findIndex((line) => line.includes('"selector"')) + 1,
    fix: expect.stringContaining("kubectl delete"),
  });
  expect(await team.client.status("POST", ROLLOUTS)).toBeGreaterThanOrEqual(400);
  await team.onlyAnswers("v3");
});

test("and so is what only the API server knows to refuse", async () => {
  const wrong = service("web");
  const objects = [
    deployment("v5", 1),
    { ...wrong, spec: { ...wrong.spec, ports: [{ name: "http", port: 80, nodePort: 31000 }] } },
    ingress("web", team.host, "web"),
  ];
  const target = await team.refresh(objects);
  expect(target.state).toBe("failed");
  const lines = yaml(objects).split("\n");
  const at = lines.findIndex((line) => line.includes('"nodePort"')) + 1;
  const errors = target.diagnostics.filter(({ severity }) => severity === "error");
  expect(errors, JSON.stringify(errors)).toContainEqual(
    expect.objectContaining({ file: "rollouts/app.yaml", line: at }),
  );
  await team.onlyAnswers("v3");
});
