/** A school's worth of workspaces at once, each with a terminal that nobody types into: what one costs, and what a key waits among them. */
import { readFileSync } from "node:fs";
import { Client } from "../../e2e/src/client.ts";
import { docker, instanceId, maru, newStudent, serverPid } from "../../e2e/src/instance.ts";
import { echoes, SHELL } from "./echo.ts";
import { type Bench, type Measure, percentile, sleep, spread, timed } from "./measure.ts";
import { held, MIB, mainPid } from "./memory.ts";
import { MaruTty, PROMPT } from "./tty.ts";

const CROWD = Number(process.env.MARU_BENCH_CROWD ?? 200);
/** Asked for at once; the server starts a few of them at a time. */
const AT_ONCE = 16;
const IDLE_S = 60;
const KEYS = 500;

/** Kilobytes of all that runs for a workspace: the agent, what it started, and the container's shim. */
function heldByAll(agent: number): number {
  const started = readFileSync(`/proc/${agent}/task/${agent}/children`, "utf8").split(" ").filter(Boolean);
  const shim = readFileSync(`/proc/${agent}/stat`, "utf8").split(") ")[1]?.split(" ")[1];
  return [agent, ...started, shim].reduce<number>((sum, pid) => sum + held(Number(pid)).pss, 0);
}

/** Seconds of all processors that were spent on something, and in all. */
function spent(): { busy: number; all: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, ...rest] = readFileSync("/proc/stat", "utf8")
    .split("\n", 1)[0]
    ?.split(/ +/)
    .slice(1)
    .map(Number) ?? [0];
  const busy = user + nice + system + rest.slice(0, 3).reduce((sum, ticks) => sum + ticks, 0);
  return { busy, all: busy + idle + wait };
}

/** Does `work` for each, a few at a time. */
async function each<T, R>(all: T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  const rest = all.entries();
  const worker = async () => {
    for (const [n, one] of rest) done[n] = await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

async function begin(client: Client): Promise<number> {
  const [ms] = await timed(async () => {
    for (;;) {
      const { state, cause } = await client.json<{ state: string; cause?: string }>(
        "PUT",
        "/api/v1/workspace",
      );
      if (state === "ready") return;
      if (state === "failed") throw new Error(cause);
      await sleep(250);
    }
  });
  return ms;
}

const measures = (what: string, unit: Measure["unit"], value: number, more: object = {}): Measure => ({
  what,
  unit,
  maru: value,
  ...more,
});

async function measured(clients: Client[], ttys: MaruTty[], say: (text: string) => void): Promise<Measure[]> {
  const before = held(serverPid()).rss;
  const [first = clients[0], ...others] = clients;
  if (!first) return [];
  await begin(first);
  const typed = await MaruTty.open(first, SHELL);
  ttys.push(typed);
  await typed.seen(PROMPT);
  await echoes(typed, 50);
  const alone = await echoes(typed, KEYS);
  say(`alone: p50 ${percentile(alone, 0.5).toFixed(2)} ms, p99 ${percentile(alone, 0.99).toFixed(2)} ms`);
  const [ms, starts] = await timed(() =>
    each(others, async (client) => {
      const start = await begin(client);
      const tty = await MaruTty.open(client);
      ttys.push(tty);
      await tty.seen(PROMPT);
      if (ttys.length % 25 === 0) say(`${ttys.length} terminals`);
      return start;
    }),
  );
  say(`${clients.length} terminals after ${Math.round(ms / 1000)} s; waiting ${IDLE_S} s`);
  const since = spent();
  await sleep(IDLE_S * 1000);
  const now = spent();
  const agents = clients.map(({ account }) => mainPid(`maru-${instanceId}-ws-${account.login}`));
  const pss = agents.map((agent) => held(agent).pss / MIB);
  const whole = agents.map((agent) => heldByAll(agent) / MIB);
  const server = held(serverPid()).rss;
  const among = await echoes(typed, KEYS);
  const detail = {
    starts: spread(starts),
    agents_pss: spread(pss),
    whole_pss: spread(whole),
    alone: spread(alone),
    among: spread(among),
  };
  const name = `of ${clients.length} idle workspaces`;
  return [
    measures(`agent, median ${name} (PSS)`, "MiB", percentile(pss, 0.5), { aim: { value: 8 }, detail }),
    measures(`one ${name}: agent, shell and shim (PSS)`, "MiB", percentile(whole, 0.5)),
    measures(`server, for each ${name} (RSS)`, "MiB", (server - before) / MIB / clients.length),
    measures(
      `processors' time while idle, ${clients.length} workspaces`,
      "%",
      (100 * (now.busy - since.busy)) / (now.all - since.all),
    ),
    ...[0.5, 0.99].map((share) =>
      measures(`keystroke echo among ${clients.length}, p${share * 100}`, "ms", percentile(among, share), {
        peer: { name: "the same alone", value: percentile(alone, share) },
      }),
    ),
  ];
}

export const crowd: Bench = {
  name: "crowd",
  about: `${CROWD} workspaces, each with an idle terminal (MARU_BENCH_CROWD for fewer): memory, and an echo among them`,
  async run(say) {
    const admin = new Client(maru.admin);
    const clients: Client[] = [];
    const ttys: MaruTty[] = [];
    try {
      for (let n = 0; n < CROWD; n++) clients.push(new Client(newStudent("crowd")));
      return await measured(clients, ttys, say);
    } finally {
      say("removing them");
      for (const tty of ttys) tty.leave();
      await each(clients, ({ account: { login } }) =>
        admin.status("DELETE", `/api/v1/admin/users/${login}?confirm=${login}`),
      );
      const left = docker("ps", "--all", "--quiet", "--filter", `name=maru-${instanceId}-ws-crowd-`);
      if (left) say(`${left.split("\n").length} containers could not be removed`);
    }
  },
};
