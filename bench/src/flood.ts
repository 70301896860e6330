/** Much output at once: from the command typed to the end of it seen. */
import { SHELL } from "./echo.ts";
import { type Bench, type Measure, median, timed } from "./measure.ts";
import { maruPeer, peers } from "./peers.ts";
import { start, student } from "./student.ts";
import { PROMPT, type Tty } from "./tty.ts";

const ROUNDS = 3;
export const MEGABYTES = 10;
export const FILE = "bench-flood";

/** Lines as a compiler writes them: some colour, some Hangul, of different lengths. */
export function text(): string {
  const lines: string[] = [];
  for (let n = 0, size = 0; size < MEGABYTES * 1e6; n++) {
    const line = `\x1b[3${n % 8}mline ${n}\x1b[m ${"컴파일 compile ".repeat(n % 7)}`;
    lines.push(line);
    size += Buffer.byteLength(line) + 1;
  }
  return `${lines.join("\n")}\n`;
}

async function flood(tty: Tty): Promise<number> {
  tty.forget();
  const [ms] = await timed(() => {
    tty.type(`cat ~/${FILE}; echo end=$((6*7))\r`);
    return tty.seen(/end=42/);
  });
  return ms / 1000;
}

export const floodBench: Bench = {
  name: "flood",
  about: `${MEGABYTES} MB printed by cat, until the end has come; peers: an exec of Docker, JupyterLab, wetty, ttyd`,
  async run(say) {
    await start();
    const path = `/api/v1/workspace/files/${FILE}`;
    await student().json("PUT", path, { body: text() });
    const sides = [maruPeer, ...peers(say)];
    const seconds: Record<string, number[]> = {};
    for (const { name, open } of sides) {
      const tty = await open(SHELL);
      try {
        await tty.seen(PROMPT);
        await flood(tty);
        const times: number[] = [];
        for (let round = 0; round < ROUNDS; round++) times.push(await flood(tty));
        seconds[name] = times;
        say(`${name}: ${times.map((time) => time.toFixed(2)).join(", ")} s`);
      } finally {
        await tty.close();
      }
    }
    await student().status("DELETE", path);
    const maru = median(seconds[maruPeer.name] ?? []);
    return sides.slice(1).map(
      ({ name }): Measure => ({
        what: `${MEGABYTES} MB of output`,
        unit: "s",
        maru,
        peer: { name, value: median(seconds[name] ?? []) },
        detail: seconds,
      }),
    );
  },
};
