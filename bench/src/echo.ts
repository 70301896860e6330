/** A key's way to the shell in the workspace and its echo's way back. */
import { type Bench, percentile, sleep, spread, timed } from "./measure.ts";
import { container, start, student } from "./student.ts";
import { ExecTty, MaruTty, PROMPT, type Tty } from "./tty.ts";

const ROUNDS = 6;
const KEYS_PER_ROUND = 250;
const SHELL = "PS1='$ ' exec bash --noprofile --norc";
/** Shorter than the terminal is wide, else readline redraws. */
const KEYS_PER_LINE = 60;
const CLEAR_LINE = "\x15";

/** Types one key at a time, each after the echo of the one before; milliseconds of each. */
async function echoes(tty: Tty, keys: number): Promise<number[]> {
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
    "a keystroke's echo in bash, through the terminal's WebSocket on loopback; peer: Docker's exec with a TTY",
  async run(say) {
    await start();
    const maru = await MaruTty.open(student(), SHELL);
    const peer = await ExecTty.open(container, ["sh", "-c", SHELL]);
    const times: { maru: number[]; peer: number[] } = { maru: [], peer: [] };
    try {
      for (const tty of [maru, peer]) {
        await tty.seen(PROMPT);
        await echoes(tty, 50);
      }
      for (let round = 1; round <= ROUNDS; round++) {
        say(`round ${round} of ${ROUNDS}`);
        times.maru.push(...(await echoes(maru, KEYS_PER_ROUND)));
        times.peer.push(...(await echoes(peer, KEYS_PER_ROUND)));
      }
    } finally {
      await Promise.all([maru.close(), peer.close()]);
    }
    const detail = { maru: spread(times.maru), peer: spread(times.peer) };
    return [0.5, 0.95, 0.99].map((share) => ({
      what: `keystroke echo, p${share * 100}`,
      unit: "ms" as const,
      maru: percentile(times.maru, share),
      peer: { name: "docker exec -it", value: percentile(times.peer, share) },
      ...(share === 0.99 ? { aim: { value: 5 }, detail } : {}),
    }));
  },
};
