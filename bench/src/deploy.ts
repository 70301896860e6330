/** Deploy of the starter project: with nothing changed, and with one image changed. */
import type { Deployment } from "../../e2e/src/client.ts";
import { events } from "./lines.ts";
import { type Bench, median, timed } from "./measure.ts";
import { start, student } from "./student.ts";

const ROUNDS = 3;
const PAGE = "/api/v1/workspace/files/guestbook/web/index.html";

interface StepTimes {
  name: string;
  started_at: string | null;
  finished_at: string | null;
}

/** Deploys and answers how long it took, as the server's events tell it. */
async function deploy(message: string): Promise<{ seconds: number; steps: Record<string, number> }> {
  const [ms, deployment] = await timed(async () => {
    const { id } = await student().json<{ id: string }>("POST", "/api/v1/deployments", { json: { message } });
    return ended(id);
  });
  if (deployment.state !== "succeeded")
    throw new Error(`Deploy ${deployment.state}: ${JSON.stringify(deployment.steps)}`);
  const steps = (deployment.steps as unknown as StepTimes[]).map(({ name, started_at, finished_at }) => [
    name,
    (Date.parse(finished_at ?? "") - Date.parse(started_at ?? "")) / 1000,
  ]);
  return { seconds: ms / 1000, steps: Object.fromEntries(steps) };
}

async function ended(id: string): Promise<Deployment> {
  const told = events<Deployment>(await student().ask("GET", `/api/v1/deployments/${id}/events`));
  for await (const deployment of told)
    if (!["queued", "running"].includes(deployment.state)) return deployment;
  return student().json<Deployment>("GET", `/api/v1/deployments/${id}`);
}

/** The application runs, from a Deploy before. */
export async function deployed(): Promise<void> {
  await start();
  const { current } = await student().json<{ current?: { state: string } }>("GET", "/api/v1/app");
  if (current?.state !== "healthy") await deploy("bench");
}

export const deployBench: Bench = {
  name: "deploy",
  about: "Deploy of the starter project with everything cached, and with one of its three images changed",
  async run(say) {
    await deployed();
    const page = await (await student().ask("GET", PAGE)).text();
    const cached = [];
    const changed = [];
    for (let round = 1; round <= ROUNDS; round++) {
      await student().json("PUT", PAGE, { body: `${page}<!-- ${Date.now()} -->\n` });
      changed.push(await deploy("bench: a page changed"));
      cached.push(await deploy("bench: nothing changed"));
      say(
        `round ${round} of ${ROUNDS}: changed ${changed.at(-1)?.seconds} s, cached ${cached.at(-1)?.seconds} s`,
      );
    }
    await student().json("PUT", PAGE, { body: page });
    const seconds = (rounds: { seconds: number }[]) => median(rounds.map((round) => round.seconds));
    return [
      {
        what: "Deploy, everything cached",
        unit: "s",
        maru: seconds(cached),
        aim: { value: 15 },
        detail: cached,
      },
      { what: "Deploy, one image changed", unit: "s", maru: seconds(changed), detail: changed },
    ];
  },
};
