/** What is held when nobody does anything, after everything was used. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { docker, instanceId, root, serverPid } from "../../e2e/src/instance.ts";
import { run } from "../../e2e/src/terminal.ts";
import { deployed } from "./deploy.ts";
import { type Bench, sleep } from "./measure.ts";
import { container, start, stop, student } from "./student.ts";

const IDLE_S = 60;
export const MIB = 1024;

/** Kilobytes of a process: all that is resident, and its fair share of what it shares. */
export function held(pid: number): { rss: number; pss: number; anonymous: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = (name: string) => Number(rollup.match(new RegExp(`^${name}: +(\\d+) kB`, "m"))?.[1] ?? 0);
  return { rss: kilobytes("Rss"), pss: kilobytes("Pss"), anonymous: kilobytes("Anonymous") };
}

export const mainPid = (name: string) => Number(docker("inspect", "--format", "{{.State.Pid}}", name));

/**
 * Kilobytes of the node without its pods, as `docker stats` and the kubelet count them: what its control group is charged
 * with, the kernel's own memory included, less the files that were read and are not in use.
 */
function chargedToNode(): number {
  const name = `maru-${instanceId}-node`;
  const id = docker("inspect", "--format", "{{.Id}}", name);
  const lines = readFileSync(`/proc/${mainPid(name)}/cgroup`, "utf8").split("\n");
  const pathOf = (controller: string) =>
    lines.find((line) => line.split(":")[1] === controller)?.split(":")[2];
  const controller = pathOf("memory") === undefined ? "" : "memory";
  const path = pathOf(controller) ?? "";
  // Its first process may be in a group below the container's: `docker/ID` or `docker-ID.scope`.
  const end = path.indexOf("/", path.indexOf(id));
  const group = `/sys/fs/cgroup/${controller}${end < 0 ? path : path.slice(0, end)}`;
  const charged = (at: string) => {
    const usage = readFileSync(`${at}/memory.${controller ? "usage_in_bytes" : "current"}`, "utf8");
    const stat = readFileSync(`${at}/memory.stat`, "utf8");
    const inactive = stat.match(controller ? /^total_inactive_file (\d+)/m : /^inactive_file (\d+)/m)?.[1];
    return Number(usage) - Number(inactive);
  };
  const pods = ["kubepods", "kubepods.slice"].map((pods) => `${group}/${pods}`).find((at) => existsSync(at));
  return (charged(group) - (pods ? charged(pods) : 0)) / 1024;
}

/** The node's own processes, without those of pods. */
function nodeProcesses(): { name: string; pss: number }[] {
  const id = docker("inspect", "--format", "{{.Id}}", `maru-${instanceId}-node`);
  const found = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const cgroup = readFileSync(`/proc/${pid}/cgroup`, "utf8");
      if (!cgroup.includes(id) || cgroup.includes("kubepods")) continue;
      const name = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, 2).join(" ");
      found.push({ name, pss: held(Number(pid)).pss });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found.sort((a, b) => b.pss - a.pss);
}

/** What a class does in an hour, in a minute: logins, terminals, files, a search, start and stop. */
async function use(): Promise<void> {
  const me = student();
  const { login, password } = me.account;
  await Promise.all(
    Array.from({ length: 8 }, () => me.status("POST", "/api/v1/session", { json: { login, password } })),
  );
  for (let round = 0; round < 5; round++) {
    await run(me, "seq 1 200000");
    const path = "/api/v1/workspace/files/bench-file";
    await me.json("PUT", path, { body: "x".repeat(4 << 20) });
    await (await me.ask("GET", path)).arrayBuffer();
    await me.status("DELETE", path);
    await (await me.ask("GET", "/api/v1/workspace/search?q=guestbook")).text();
    await (await me.ask("GET", "/api/v1/app")).text();
    await (await me.ask("GET", "/")).text();
  }
  await stop();
  await start();
}

export const memory: Bench = {
  name: "memory",
  about: `memory of server, node and agent after a Deploy and a minute's use, ${IDLE_S} s later`,
  async run(say) {
    await deployed();
    const before = held(serverPid());
    say(`the server holds ${Math.round(before.rss / MIB)} MiB before`);
    await use();
    const used = held(serverPid());
    say(`after use ${Math.round(used.rss / MIB)} MiB; waiting ${IDLE_S} s`);
    await sleep(IDLE_S * 1000);
    const idle = held(serverPid());
    const agent = held(mainPid(container));
    const processes = nodeProcesses();
    const node = processes.reduce((sum, { pss }) => sum + pss, 0);
    const binary = statSync(`${root}target/static/maru-agent`).size;
    return [
      {
        what: "server, idle after use (RSS)",
        unit: "MiB",
        maru: idle.rss / MIB,
        aim: { value: 60 },
        detail: { before, used, idle },
      },
      {
        what: "node, idle, pods not counted (as docker stats counts)",
        unit: "MiB",
        maru: chargedToNode() / MIB,
        aim: { value: 500 },
      },
      // More than that, as files in the page cache that nobody is charged with are in it.
      { what: "node, idle, its processes' PSS", unit: "MiB", maru: node / MIB, detail: processes },
      { what: "agent, idle (RSS)", unit: "MiB", maru: agent.rss / MIB, aim: { value: 8 }, detail: agent },
      { what: "agent, size of the program", unit: "MB", maru: binary / 1e6, aim: { value: 4 } },
    ];
  },
};
