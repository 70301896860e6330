/** A class's applications at once: forty students deploy the starter project (web, API, database), by as many Deploys side by side. */
import { app, Client, type Deployment } from "../../e2e/src/client.ts";
import { docker, instanceId, maru, newStudent, serverPid } from "../../e2e/src/instance.ts";
import { type Bench, type Measure, percentile, spread, timed } from "./measure.ts";
import { held, MIB } from "./memory.ts";

const APPS = Number(process.env.MARU_BENCH_APPS ?? 40);
const PATIENCE_S = 45 * 60;
const NODE = `maru-${instanceId}-node`;

/** MiB of the node with all its pods, as `docker stats` says. */
function nodeMemory(): number {
  const said = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", NODE).split(" / ")[0] ?? "";
  const [, value = "", unit = ""] = said.match(/^([\d.]+)([KMG]i)?B$/) ?? [];
  return Number(value) * ({ Ki: 1 / 1024, Mi: 1, Gi: 1024 }[unit] ?? Number.NaN);
}

/** Seconds until it ended, and how it did. */
async function deploy(client: Client): Promise<{ seconds: number; end: Deployment }> {
  const [ms, end] = await timed(() => client.deploy("forty at once", PATIENCE_S));
  return { seconds: ms / 1000, end };
}

export const forty: Bench = {
  name: "forty",
  about: `${APPS} guestbooks up at once (MARU_BENCH_APPS for fewer): time until all answer, and memory`,
  async run(say) {
    const admin = new Client(maru.admin);
    const clients: Client[] = [];
    try {
      for (let n = 0; n < APPS; n++) clients.push(new Client(newStudent("forty")));
      const before = nodeMemory();
      let up = 0;
      const [ms, done] = await timed(() =>
        Promise.all(
          clients.map(async (client) => {
            const one = await deploy(client);
            up += 1;
            if (up % 5 === 0) say(`${up} Deploys have ended`);
            return one;
          }),
        ),
      );
      const good = done.filter(({ end }) => end.state === "succeeded");
      const why = done.filter(({ end }) => end.state !== "succeeded").map(({ end }) => end.steps);
      say(`${good.length} of ${APPS} Deploys succeeded after ${Math.round(ms / 1000)} s`);
      const answers = await Promise.all(
        good.map(({ end }) => app(new URL("/api/entries", end.url ?? "").href)),
      );
      const answering = answers.filter(({ status }) => status === 200).length;
      const after = nodeMemory();
      const seconds = good.map((one) => one.seconds);
      const detail = { seconds: spread(seconds), before, after, why };
      const measure = (what: string, unit: Measure["unit"], value: number, more: object = {}): Measure => ({
        what: `${APPS} guestbooks at once: ${what}`,
        unit,
        maru: value,
        ...more,
      });
      return [
        measure("until the last Deploy has ended", "s", ms / 1000, { detail }),
        measure("a Deploy, median", "s", percentile(seconds, 0.5)),
        measure("that answer with their database", "apps", answering),
        measure("the node with all pods", "MiB", after),
        measure("the node, for each", "MiB", (after - before) / Math.max(good.length, 1)),
        measure("the server (RSS)", "MiB", held(serverPid()).rss / MIB),
      ];
    } finally {
      say("removing them");
      for (const { account } of clients) {
        const { login } = account;
        await admin.status("DELETE", `/api/v1/admin/users/${login}?confirm=${login}`);
      }
    }
  },
};
