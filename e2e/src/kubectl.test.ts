/** Everything that a course does with kubectl, from the workspace's terminal against `/k8s`: what is passed on, streams and upgrades too. */
import { beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";
import { deployment, service, yaml } from "./team.ts";
import { createTerminal, run, Viewer } from "./terminal.ts";

const student = new Client(newStudent("kubectl"));
const HOME = "/api/v1/workspace/files";

/** Runs one line in the terminal, which has to succeed; what it wrote. */
async function good(line: string, seconds = 90): Promise<string> {
  const said = await run(student, line, seconds);
  expect(said, line).toContain("ended with 0");
  return said;
}

const write = async (path: string, text: string): Promise<void> =>
  expect(await student.status("PUT", `${HOME}/${path}`, { body: text })).toBeLessThan(300);

beforeAll(async () => {
  await student.workspaceReady();
  await write("app.yaml", yaml([deployment("v1", 1), service("web")]));
});

test("apply, get, rollout status", async () => {
  const said = await good("kubectl apply -f app.yaml && kubectl rollout status deployment/web --timeout=80s");
  expect(said).toContain("deployment.apps/web created");
  expect(said).toContain("service/web created");
  expect(said).toContain("successfully rolled out");
  expect(await good("kubectl get deployment web -o wide && kubectl get all")).toMatch(/web\s+1\/1\s+1\s+1/);
  expect(await good("kubectl apply -f app.yaml")).toContain("deployment.apps/web unchanged");
});

test("explain knows every field, and what Argo added", async () => {
  expect(await good("kubectl explain deployment.spec.strategy.rollingUpdate.maxSurge")).toContain(
    "FIELD: maxSurge",
  );
  expect(await good("kubectl explain rollout.spec.strategy")).toContain("blueGreen");
  expect(await good("kubectl api-resources --api-group=apps")).toContain("statefulsets");
});

test("diff says what an apply would change, and changes nothing", async () => {
  await write("more.yaml", yaml([deployment("v1", 2), service("web")]));
  const said = await run(student, "kubectl diff -f more.yaml");
  // As diff does: 1 is a difference.
  expect(said).toContain("ended with 1");
  expect(said).toMatch(/-\s+replicas: 1/);
  expect(said).toMatch(/\+\s+replicas: 2/);
  expect(await good("kubectl get deployment web -o jsonpath='{.spec.replicas}'")).toContain("1");
});

test("edit opens an editor, and its changes are taken", async () => {
  const said = await good("KUBE_EDITOR='sed -i s/value:.v1/value:\\ v2/' kubectl edit deployment web");
  expect(said).toContain("deployment.apps/web edited");
  const version = "jsonpath='{.spec.template.spec.containers[0].env[0].value}'";
  expect(await good(`kubectl get deployment web -o ${version}`)).toContain("v2");
  await good("kubectl rollout status deployment/web --timeout=80s");
});

test("rollout history and undo", async () => {
  expect(await good("kubectl rollout history deployment/web")).toMatch(/REVISION[\s\S]*1\s[\s\S]*2\s/);
  expect(await good("kubectl rollout undo deployment/web")).toContain("rolled back");
  await good("kubectl rollout status deployment/web --timeout=80s");
  const version = "jsonpath='{.spec.template.spec.containers[0].env[0].value}'";
  expect(await good(`kubectl get deployment web -o ${version}`)).toContain("v1");
});

test("get -w follows what happens, until Ctrl-C", async () => {
  const id = await createTerminal(student, "kubectl get pods --watch --no-headers");
  const viewer = new Viewer(student, id, 0);
  try {
    await viewer.expect(/web-\S+\s+1\/1\s+Running/);
    await good("kubectl scale deployment/web --replicas=2");
    await viewer.expect(/ContainerCreating[\s\S]*1\/1\s+Running/, 60);
    await good("kubectl scale deployment/web --replicas=1");
    await viewer.expect(/Terminating/, 60);
    expect(viewer.exitCode).toBeNull();
    viewer.type("\x03");
    await eventually("the watch has ended", 15, () => viewer.exitCode !== null || viewer.closed);
  } finally {
    viewer.close();
  }
});

test("logs -f shows what is written while it looks", async () => {
  await write(
    "talker.yaml",
    yaml([
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "talker" },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "talker",
              image: "registry.localhost/base/python:3",
              command: ["sh", "-c", "n=0; while true; do echo line $n; n=$((n+1)); sleep 1; done"],
              resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
            },
          ],
        },
      },
    ]),
  );
  await good("kubectl apply -f talker.yaml && kubectl wait --for=condition=Ready pod/talker --timeout=80s");
  const id = await createTerminal(student, "kubectl logs --follow talker");
  const viewer = new Viewer(student, id, 0);
  try {
    const first = Number((await viewer.expect(/line (\d+)/))[1]);
    await viewer.expect(new RegExp(`line ${first + 4}\\b`), 30);
    viewer.type("\x03");
    await eventually("the log has ended", 15, () => viewer.exitCode !== null || viewer.closed);
  } finally {
    viewer.close();
  }
  expect(await good("kubectl logs talker --tail=1")).toMatch(/line \d+/);
});

test("exec -it is a shell with a terminal, which is resized", async () => {
  const id = await createTerminal(student, "kubectl exec --stdin --tty talker -- sh");
  const viewer = new Viewer(student, id, 0);
  try {
    await viewer.expect(/[$#] /);
    viewer.type("tty && echo in-$(hostname) && stty size\r");
    await viewer.expect(/\/dev\/pts\/\d+[\s\S]*in-talker[\s\S]*30 120/);
    viewer.type("exit 7\r");
    await eventually("the shell has ended", 20, () => viewer.exitCode !== null || viewer.closed);
    expect(viewer.exitCode).toBe(7);
  } finally {
    viewer.close();
  }
  expect(await run(student, "echo hello | kubectl exec --stdin talker -- cat")).toContain("hello");
});

test("port-forward brings a pod's port into the workspace", async () => {
  const forwarded = [
    "kubectl port-forward service/web 9191:80 > forward.log & pid=$!",
    "for i in $(seq 60); do grep -q Forwarding forward.log && break; sleep 0.2; done",
    "for i in 1 2 3; do curl --silent --fail http://127.0.0.1:9191/; echo; done",
    "kill $pid; wait $pid; true",
  ].join("; ");
  expect((await good(forwarded)).match(/^v1$/gm)).toHaveLength(3);
});

test("cp takes files there and back, whole", async () => {
  const said = await good(
    [
      "head --bytes=3000000 /dev/urandom > there.bin",
      "kubectl cp there.bin talker:/tmp/there.bin",
      "kubectl cp talker:/tmp/there.bin back.bin",
      "cmp there.bin back.bin && echo the same",
    ].join(" && "),
  );
  expect(said).toContain("the same");
});

test("top says what pods use, once they were measured", async () => {
  await eventually("talker was measured", 120, async () =>
    /talker\s+\d+m\s+\d+Mi/.test(await run(student, "kubectl top pods")),
  );
});

test("somebody else's namespace is refused in Kubernetes' own words, and the own one is not all of the cluster", async () => {
  const said = await run(student, "kubectl get pods --namespace kube-system");
  expect(said).toContain("ended with 1");
  expect(said).toContain("Forbidden");
  expect(await run(student, "kubectl get nodes")).toContain("Forbidden");
  expect(await good("kubectl auth can-i create deployments")).toContain("yes");
  expect(await good("kubectl delete -f app.yaml -f talker.yaml")).toContain('pod "talker" deleted');
});
