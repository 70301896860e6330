/** From nothing, and from a stopped workspace, to a shell's prompt. */
import { spawn } from "node:child_process";
import { docker, instanceId } from "../../e2e/src/instance.ts";
import { type Bench, type Measure, median, timed } from "./measure.ts";
import { container, removeStudent, start, stop, student } from "./student.ts";
import { MaruTty, PROMPT } from "./tty.ts";

const ROUNDS = 7;
const PEER = `maru-${instanceId}-bench-run`;

/** The workspace asked for until its shell waits; what was passed on the way, in milliseconds since. */
async function maruPrompt(): Promise<Record<string, number>> {
  const me = student();
  const began = performance.now();
  const phases = await start();
  const tty = await MaruTty.open(me);
  await tty.seen(PROMPT);
  const prompt = performance.now() - began;
  await tty.close();
  return { ...phases, prompt };
}

/** `docker run` of an image until its shell waits. */
function runPrompt(image: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const run = spawn("docker", ["run", "--rm", "--tty", "--name", PEER, image]);
    let text = "";
    run.stdout.on("data", (data: Buffer) => {
      text += data.toString("latin1");
      if (PROMPT.test(text)) resolve();
    });
    run.stderr.on("data", (data: Buffer) => {
      text += data.toString("latin1");
    });
    run.on("error", reject);
    run.on("close", () => reject(new Error(`docker run ended: ${text}`)));
  });
}

function phases(rounds: Record<string, number>[]): Record<string, number> {
  const names = new Set(rounds.flatMap(Object.keys));
  const seen = (name: string) => rounds.map((round) => round[name]).filter((ms) => ms !== undefined);
  return Object.fromEntries([...names].map((name) => [name, Math.round(median(seen(name)))]));
}

export const startBench: Bench = {
  name: "start",
  about:
    "a workspace from first request or from stopped to a shell's prompt; peer: docker run of the same image",
  async run(say) {
    await removeStudent();
    // The image's files are read once before anything is timed.
    await maruPrompt();
    const image = docker("inspect", "--format", "{{.Image}}", container);
    const fresh: Record<string, number>[] = [];
    const again: Record<string, number>[] = [];
    const peer: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      await removeStudent();
      fresh.push(await maruPrompt());
      await stop();
      again.push(await maruPrompt());
      await stop();
      peer.push((await timed(() => runPrompt(image)))[0]);
      docker("rm", "--force", PEER);
      const [a, b, c] = [fresh.at(-1)?.prompt, again.at(-1)?.prompt, peer.at(-1)].map((ms) =>
        Math.round(ms ?? 0),
      );
      say(`round ${round} of ${ROUNDS}: new ${a} ms, from stopped ${b} ms, docker run ${c} ms`);
    }
    const ratios = (rounds: Record<string, number>[]) =>
      rounds.map(({ prompt }, round) => (prompt ?? 0) / (peer[round] ?? 0));
    const measure = (what: string, rounds: Record<string, number>[], atMost: number): Measure => ({
      what: `workspace to a prompt, ${what}`,
      unit: "ms",
      maru: median(rounds.map(({ prompt }) => prompt ?? 0)),
      peer: { name: "docker run", value: median(peer) },
      ratios: ratios(rounds),
      aim: { ratio: atMost },
      detail: { median_since_asked: phases(rounds), rounds, peer },
    });
    return [measure("from stopped", again, 1.25), measure("the first time", fresh, 2)];
  },
};
