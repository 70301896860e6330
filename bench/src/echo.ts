/** A key's way to the shell in the workspace and its echo's way back. */
import { type Bench, type Measure, percentile, sleep, spread, timed } from "./measure.ts";
import { maruPeer, peers } from "./peers.ts";
import { start } from "./student.ts";
import { PROMPT, type Tty } from "./tty.ts";

const ROUNDS = 6;
const KEYS_PER_ROUND = 250;
export const SHELL = "PS1='$ ' exec bash --noprofile --norc";
/** Shorter than the terminal is wide, else readline redraws. */
export const KEYS_PER_LINE = 60;
const CLEAR_LINE = "\x15";

/** Types one key at a time, each after the echo of the one before; milliseconds of each. */
export async function echoes(tty: Tty, keys: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < keys; n++) {
    if (n % KEYS_PER_LINE === 0) {
      tty.type(CLEAR_LINE);
      await sleep(50);
    }
    const key = String.fromCharCode("a".charCodeAt(0) + (n % 26));
    tty.forget();
    const [ms] = await timed(() => {
      const echo = tty.seen(new RegExp(key));
      tty.type(key);
      return echo;
    });
    times.push(ms);
    // People pause: so both sides have to wake up.
    await sleep(2 + (n % 7));
  }
  return times;
}

export const echo: Bench = {
  name: "echo",
  about:
    "a keystroke's echo in bash, through the terminal's WebSocket on loopback; peers: an exec of Docker, JupyterLab, wetty, ttyd",
  async run(say) {
    await start();
    const sides: { name: string; tty: Tty; times: number[] }[] = [];
    try {
      for (const { name, open } of [maruPeer, ...peers(say)]) {
        const tty = await open(SHELL);
        sides.push({ name, tty, times: [] });
        await tty.seen(PROMPT);
        await echoes(tty, 50);
      }
      for (let round = 1; round <= ROUNDS; round++) {
        say(`round ${round} of ${ROUNDS}`);
        for (const { tty, times } of sides) times.push(...(await echoes(tty, KEYS_PER_ROUND)));
      }
    } finally {
      await Promise.all(sides.map(({ tty }) => tty.close()));
    }
    const [maru, ...others] = sides;
    if (!maru) return [];
    const detail = Object.fromEntries(sides.map(({ name, times }) => [name, spread(times)]));
    return [0.5, 0.95, 0.99].flatMap((share) =>
      others.map(
        ({ name, times }, n): Measure => ({
          what: `keystroke echo, p${share * 100}`,
          unit: "ms",
          maru: percentile(maru.times, share),
          peer: { name, value: percentile(times, share) },
          ...(share === 0.99 && n === 0 ? { aim: { value: 5 }, detail } : {}),
        }),
      ),
    );
  },
};
