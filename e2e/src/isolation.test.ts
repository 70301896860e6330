/** What a student must not reach: other people's things, and the inside of the machine. */
import { beforeAll, describe, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru, newStudent } from "./instance.ts";
import { createTerminal, run, Viewer } from "./terminal.ts";

const victim = new Client(maru.student);
const other = new Client(newStudent("other"));

beforeAll(async () => {
  await Promise.all([victim.workspaceReady(), other.workspaceReady()]);
});

describe("another student's things look like ones that do not exist", () => {
  test("terminals", async () => {
    const id = await createTerminal(victim);
    expect(await other.status("DELETE", `/api/v1/workspace/terminals/${id}`)).toBe(404);
    const spy = new Viewer(other, id);
    expect(
      await eventually("an answer", 20, () => spy.refused ?? (spy.first === null ? undefined : 101)),
    ).toBe(404);
    expect(await victim.status("DELETE", `/api/v1/workspace/terminals/${id}`)).toBeLessThan(300);
  });

  test("files, whose paths stay below one's own home", async () => {
    const secret = "/api/v1/workspace/files/only-mine.txt";
    expect(await victim.status("PUT", secret, { body: "mine" })).toBeLessThan(300);
    expect(await other.status("GET", secret)).toBe(404);
    for (const path of ["../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd"]) {
      expect(await other.status("GET", `/api/v1/workspace/files/${path}`), path).not.toBe(200);
    }
  });

  test("builds", async () => {
    const { id } = await victim.json<{ id: string }>("POST", "/api/v1/repositories/guestbook-db/builds", {
      json: {},
    });
    expect(await victim.status("GET", `/api/v1/builds/${id}`)).toBe(200);
    expect(await other.status("GET", `/api/v1/builds/${id}`)).toBe(404);
    expect(await other.status("GET", `/api/v1/builds/${id}/log`)).toBe(404);
    expect(await other.status("POST", `/api/v1/builds/${id}/cancel`)).toBe(404);
  });

  test("deployments, rollouts and pods' logs", async () => {
    const { deployments } = await victim.json<{ deployments: { id: string }[] }>(
      "GET",
      "/api/v1/deployments",
    );
    const { rollouts } = await victim.json<{ rollouts: { id: string; state: string }[] }>(
      "GET",
      "/api/v1/app/rollouts",
    );
    const { pods } = await victim.json<{ pods: { name: string }[] }>("GET", "/api/v1/app");
    const deployment = `/api/v1/deployments/${deployments[0]?.id}`;
    const rollout = `/api/v1/app/rollouts/${rollouts[0]?.id}`;
    const log = `/api/v1/app/pods/${pods[0]?.name}/log`;
    // What follows is a GET; what acts is asked only as somebody else.
    const doors: [string, string][] = [
      ["GET", deployment],
      ["GET", `${deployment}/events`],
      ["GET", rollout],
      ["GET", `${rollout}/events`],
      ["GET", log],
    ];
    for (const [method, path] of doors) expect(await victim.status(method, path), path).toBe(200);
    doors.push(["POST", `${deployment}/cancel`]);
    for (const act of ["cancel", "rollback", "promote", "abort"]) doors.push(["POST", `${rollout}/${act}`]);
    for (const [method, path] of doors) {
      const answer = await other.ask(method, path, method === "POST" ? { json: {} } : {});
      expect(answer.status, `${method} ${path}`).toBe(404);
      // In the words for what never was.
      const never = await other.ask(
        method,
        path.replace(/[0-9a-f]{32}/, "0".repeat(32)).replace(log, "/api/v1/app/pods/never/log"),
        method === "POST" ? { json: {} } : {},
      );
      expect(await answer.text(), `${method} ${path}`).toBe(await never.text());
    }
    expect(await victim.json("GET", rollout)).toMatchObject({ state: rollouts[0]?.state });
  });

  test("projects", async () => {
    const refs = (login: string) => `/git/${login}/guestbook.git/info/refs?service=git-upload-pack`;
    expect(await victim.status("GET", refs(maru.student.login))).toBe(200);
    expect(await other.status("GET", refs(maru.student.login))).toBe(404);
  });

  test("namespaces of the cluster, in Kubernetes' own words", async () => {
    const pods = (namespace: string) => `/k8s/api/v1/namespaces/${namespace}/pods`;
    expect(await victim.status("GET", pods(maru.student.namespace))).toBe(200);
    expect(await other.status("GET", pods(maru.student.namespace))).toBe(403);
    expect(await other.status("GET", pods("kube-system"))).toBe(403);
    expect(await other.status("GET", "/k8s/api/v1/secrets")).toBe(403);
    const asAdmin = { "Impersonate-User": "system:admin", "Impersonate-Group": "system:masters" };
    expect(await other.status("GET", pods("kube-system"), { headers: asAdmin })).not.toBe(200);
  });

  test("nothing without a token", async () => {
    for (const path of [
      "/api/v1/workspace",
      "/api/v1/app",
      "/k8s/api/v1/pods",
      "/git/student/guestbook.git/info/refs",
    ]) {
      expect((await fetch(maru.url + path)).status, path).toBe(401);
    }
  });
});

/** Tries every door; prints those that gave out something, and "no door" where none did. */
function doors(): string {
  const network = JSON.parse(docker("network", "inspect", `maru-${instanceId}-cluster`))[0];
  const bridge: string =
    network.IPAM.Config[0].Gateway ?? network.IPAM.Config[0].Subnet.replace(/\.0\/\d+$/, ".1");
  const at = (last: number) => bridge.replace(/\.\d+$/, `.${last}`);
  const serverPort = new URL(maru.url).port;
  const registryPort = maru.registry.split(":").at(-1);
  const targets = [
    ...[bridge, "172.17.0.1", "host.docker.internal", "GATEWAY"].flatMap((host) =>
      [serverPort, registryPort, "22", "2375", "5000", "6443", "10250"].map((port) => [host, port]),
    ),
    ...["2379", "2380", "6443", "10250", "10257", "10259"].map((port) => [at(2), port]),
    [at(3), "5000"],
    ["169.254.169.254", "80"],
  ];
  return `
import json, socket, ssl, struct
from concurrent.futures import ThreadPoolExecutor
def gateway():
    for line in open("/proc/net/route").read().splitlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000":
            return socket.inet_ntoa(struct.pack("<L", int(fields[2], 16)))
def ask(host, port, tls, path):
    with socket.create_connection((host, port), 2) as s:
        s.settimeout(3)
        if tls:
            s = ssl._create_unverified_context().wrap_socket(s)
        s.sendall(f"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n".encode())
        return s.recv(200)
def door(target):
    host, port = target
    host = gateway() if host == "GATEWAY" else host
    found = []
    for tls in (False, True):
        for path in ("/v2/_catalog", "/api/v1/secrets", "/pods", "/api/v1/workspace", "/readyz"):
            try:
                answer = ask(host, int(port), tls, path)
            except OSError as error:
                if "timed out" in str(error) or isinstance(error, ConnectionRefusedError):
                    return found
                continue
            status = answer.split(b" ")[1:2]
            if path != "/readyz" and answer.startswith(b"HTTP/") and status[0][:1] in (b"2", b"3"):
                found.append(f"{host}:{port}{path} {status[0].decode()}")
    return found
with ThreadPoolExecutor(16) as pool:
    opened = [f for found in pool.map(door, json.loads('''${JSON.stringify(targets)}''')) for f in found]
print("OPEN " + ", ".join(opened) if opened else "no door")
`;
}

describe("the machine's inside is closed without a token", () => {
  test("from a workspace", async () => {
    expect(await other.status("PUT", "/api/v1/workspace/files/doors.py", { body: doors() })).toBeLessThan(
      300,
    );
    expect(await run(other, "python3 ~/doors.py", 120)).toContain("no door");
  });

  test("from a pod", async () => {
    const pods = `/k8s/api/v1/namespaces/${maru.student.namespace}/pods`;
    const name = `doors-${Date.now()}`;
    await victim.json("POST", pods, {
      json: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name },
        spec: {
          restartPolicy: "Never",
          containers: [
            {
              name: "doors",
              image: `registry.localhost/${maru.student.login}/guestbook-api`,
              command: ["python3", "-c", doors()],
              resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
            },
          ],
        },
      },
    });
    try {
      const log = await eventually("the pod has printed what it found", 120, async () => {
        const answer = await victim.ask("GET", `${pods}/${name}/log`);
        const text = await answer.text();
        return answer.ok && /no door|OPEN/.test(text) && text;
      });
      expect(log).toContain("no door");
    } finally {
      await victim.status("DELETE", `${pods}/${name}`);
    }
  });
});
