/** What a bench gives back, and the little arithmetic it needs. */

/** One line of the table: what Maru needed, what its peer needed for the same in the same run. */
export interface Measure {
  what: string;
  unit: "ms" | "s" | "MiB" | "MB" | "MB/s" | "%" | "/s" | "apps";
  maru: number;
  peer?: { name: string; value: number };
  /** Of the rounds, each beside the peer's in the same round: what burdens the machine burdens both. */
  ratios?: number[];
  /** At most: `ratio` times the peer, or `value` of the unit. At least, where more is better: `times` the peer. */
  aim?: { ratio: number } | { value: number } | { times: number };
  /** Whatever else was seen: percentiles, single rounds, phases. */
  detail?: unknown;
}

export interface Bench {
  name: string;
  /** What it measures, in one line. */
  about: string;
  run(say: (text: string) => void): Promise<Measure[]>;
}

export const ratio = ({ maru, peer, ratios }: Measure): number | undefined =>
  ratios ? median(ratios) : peer && maru / peer.value;

/** Whether the aim was met; undefined where there is none. */
export function met(measure: Measure): boolean | undefined {
  const { aim, maru } = measure;
  if (!aim) return undefined;
  if ("value" in aim) return maru <= aim.value;
  const times = ratio(measure);
  if (times === undefined) return undefined;
  return "times" in aim ? times >= aim.times : times <= aim.ratio;
}

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error("no values");
  return value;
}

export const median = (values: number[]): number => percentile(values, 0.5);

export const spread = (values: number[]) => ({
  n: values.length,
  min: Math.min(...values),
  p50: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99),
  max: Math.max(...values),
});

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds that `work` takes, with its answer. */
export async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const began = performance.now();
  const answer = await work();
  return [performance.now() - began, answer];
}
