/** What a program in a workspace may do to its kernel and reach on the network, tried from inside a real one. */
import { execFileSync } from "node:child_process";
import { connect, createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "./client.ts";
import { docker, instanceId, maru, newStudent } from "./instance.ts";
import { run } from "./terminal.ts";

const inside = new Client(newStudent("inside"));
const neighbour = new Client(newStudent("neighbour"));

/** Runs a program in Python there, and answers the JSON that it prints last. */
async function python<T>(script: string): Promise<T> {
  expect(await inside.status("PUT", "/api/v1/workspace/files/try.py", { body: script })).toBeLessThan(300);
  const text = await run(inside, "python3 ~/try.py", 60);
  const line = text.split("\n").find((each) => each.startsWith("=> "));
  if (line === undefined) throw new Error(text);
  return JSON.parse(line.slice(3)) as T;
}

beforeAll(async () => {
  await Promise.all([inside.workspaceReady(), neighbour.workspaceReady()]);
});

test("it has no IPv6, which the fence does not know", async () => {
  // A kernel without it has no such list; one with it may give loopback its own address.
  const interfaces = await python<string[]>(`
import json, os
path = "/proc/net/if_inet6"
print("=>", json.dumps([line.split()[-1] for line in open(path)] if os.path.exists(path) else []))`);
  expect(interfaces.filter((name) => name !== "lo")).toEqual([]);
});

describe("the kernel", () => {
  test("gives no right at all, and no way to one", async () => {
    const status = await python<Record<string, string>>(`
import json
print("=>", json.dumps({k: v.strip() for k, v in (line.split(":", 1) for line in open("/proc/self/status"))}))`);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
      expect(status[set], set).toBe("0000000000000000");
    }
    expect(status.NoNewPrivs).toBe("1");
    // 2: a filter. Without a profile of its own a container of this Engine has the default one.
    expect(status.Seccomp).toBe("2");
    expect(status.Uid?.split("\t")).toEqual(["1000", "1000", "1000", "1000"]);
    const name = `maru-${instanceId}-ws-${inside.account.login}`;
    const host = JSON.parse(docker("inspect", "--format", "{{json .HostConfig}}", name));
    expect(host.SecurityOpt).toEqual(["no-new-privileges:true"]);
    expect([host.Privileged, host.PidMode, host.IpcMode, host.UTSMode, host.UsernsMode]).toEqual([
      false,
      "",
      "private",
      "",
      "",
    ]);
    expect(host.CapAdd ?? []).toEqual([]);
  });

  test("refuses what leads out of a container", async () => {
    const answers = await python<Record<string, number>>(`
import ctypes, errno, json, os
libc = ctypes.CDLL(None, use_errno=True)
def syscall(number, *args):
    ctypes.set_errno(0)
    return ctypes.get_errno() if libc.syscall(number, *args) < 0 else 0
def attempt(do):
    try:
        do()
        return 0
    except OSError as error:
        return error.errno
def memory():
    with open("/proc/kcore", "rb") as core:
        if not core.read(16):
            raise OSError(errno.EPERM, "masked")
NEWUSER, NEWNS = 0x10000000, 0x00020000
print("=>", json.dumps({
    "unshare a user namespace": syscall(272, NEWUSER),
    "unshare mounts": syscall(272, NEWNS),
    "mount": syscall(165, b"none", b"/tmp", b"tmpfs", 0, 0),
    "bpf": syscall(321, 0, 0, 0),
    "add a key": syscall(248, b"user", b"x", b"y", 1, -3),
    "watch performance": syscall(298, 0, 0, -1, -1, 0),
    "open by handle": syscall(304, -100, 0, 0),
    "load a module": syscall(175, 0, 0, b""),
    "become root": attempt(lambda: os.setuid(0)),
    "make a device": attempt(lambda: os.mknod("/tmp/device", 0o60600, os.makedev(8, 0))),
    "set the core pattern": attempt(lambda: open("/proc/sys/kernel/core_pattern", "w")),
    "pull the switch": attempt(lambda: open("/proc/sysrq-trigger", "w")),
    "read the memory": attempt(memory),
    "change the agent": attempt(lambda: open("/opt/maru/maru-agent", "r+b")),
    "speak to Docker": attempt(lambda: os.stat("/var/run/docker.sock")),
    "see the disk": attempt(lambda: os.stat("/dev/vda")) or attempt(lambda: os.stat("/dev/sda")),
}))`);
    for (const [what, errno] of Object.entries(answers)) expect(errno, what).not.toBe(0);
  });
});

describe("the network", () => {
  let server: Server;
  let port = 0;

  beforeAll(async () => {
    server = createServer((socket) => socket.end("open"));
    await new Promise<void>((resolve) => server.listen(0, "::", resolve));
    port = (server.address() as { port: number }).port;
    await run(neighbour, "setsid nohup python3 -m http.server 8123 >/dev/null 2>&1 & sleep 1");
  });
  afterAll(() => server?.close());

  const reach = (targets: [string, number][]) =>
    python<Record<string, string>>(`
import json, socket, time
from concurrent.futures import ThreadPoolExecutor
def knock(target):
    host, port = target
    began = time.time()
    try:
        socket.create_connection((host, port), 3).close()
        return "open"
    except OSError as error:
        return f"{type(error).__name__} {error.errno} {'at once' if time.time() - began < 1 else 'late'}"
targets = json.loads('''${JSON.stringify(targets)}''')
with ThreadPoolExecutor(32) as pool:
    print("=>", json.dumps({f"{h} {p}": a for (h, p), a in zip(targets, pool.map(knock, targets))}))`);

  const addressOf = (login: string) =>
    docker(
      "inspect",
      "--format",
      "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}}{{end}}",
      `maru-${instanceId}-ws-${login}`,
    ).split(" ") as [string, string];

  test("does not lead to this machine, whatever its address", async () => {
    const own = Object.values(networkInterfaces())
      .flat()
      .filter((each) => each !== undefined && !each.internal)
      .map((each) => each?.address ?? "");
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, own[0], () => resolve(true));
      socket.on("error", () => resolve(false));
    });
    expect(open, "the door is there, seen from the machine itself").toBe(true);
    const serverPort = Number(new URL(maru.url).port);
    const targets = own.flatMap((address): [string, number][] => [
      [address, port],
      [address.includes(":") ? address : `::ffff:${address}`, port],
      [address, serverPort],
      [address, 22],
    ]);
    const answers = await reach(targets);
    expect(Object.entries(answers).filter(([, answer]) => answer === "open")).toEqual([]);
  });

  test("does not lead to another workspace", async () => {
    const [address, gateway] = addressOf(neighbour.account.login);
    const answers = await reach([
      [address, 8123],
      [`::ffff:${address}`, 8123],
      [address, 7070],
      [gateway, 8123],
    ]);
    expect(Object.entries(answers).filter(([, answer]) => answer === "open")).toEqual([]);
    expect(
      await run(neighbour, "curl --silent --max-time 3 localhost:8123 >/dev/null && echo there"),
    ).toContain("there");
  });

  test("does not lead to a cloud's metadata", async () => {
    const answers = await reach([
      ["169.254.169.254", 80],
      ["::ffff:169.254.169.254", 80],
      ["::ffff:a9fe:a9fe", 80],
      ["169.254.170.2", 80],
      ["fd00:ec2::254", 80],
      ["fe80::a9fe:a9fe", 80],
    ]);
    for (const [target, answer] of Object.entries(answers)) expect(answer, target).not.toBe("open");
    // Refused by the fence, and not for want of such a service here.
    const network = `maru-${instanceId}-workspaces`;
    const bridge = `br-${docker("network", "inspect", "--format", "{{.Id}}", network).slice(0, 12)}`;
    const rules = execFileSync("iptables", ["-w", "-S", "DOCKER-USER"], { encoding: "utf8" }).split("\n");
    expect(
      rules.filter((rule) => rule.includes(`-i ${bridge} `) && rule.includes("169.254.0.0/16")),
    ).toHaveLength(1);
  });
});
