/** The last minutes of an autoscaler: pods as steps, load as a line. */
import { t } from "../i18n";
import type { Sample } from "./state";

const WIDTH = 600;
const HEIGHT = 140;
const MINUTES = 5;

/** Points of a line; `at` from 0 (five minutes ago) to 1 (now). */
export function points(of: Sample[], now: number, value: (sample: Sample) => number | null, top: number) {
  return of.flatMap((sample) => {
    const y = value(sample);
    if (y === null) return [];
    const x = 1 - (now - sample.at) / (MINUTES * 60_000);
    return x < 0 ? [] : [[x * WIDTH, HEIGHT - (Math.min(y, top) / top) * HEIGHT] as const];
  });
}

const line = (all: readonly (readonly [number, number])[]): string =>
  all.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

/** A value stays until the next one. */
export const stepped = (all: readonly (readonly [number, number])[]) =>
  all.flatMap(([x, y], index) => {
    const before = all[index - 1];
    return before ? [[x, before[1]] as const, [x, y] as const] : [[x, y] as const];
  });

interface Props {
  samples: Sample[];
  most: number;
  wanted: number | null;
  name: string;
}

export function Chart({ samples, most, wanted, name }: Props) {
  const last = samples.at(-1);
  if (!last) return null;
  const top = Math.max(100, ...samples.map(({ load }) => load ?? 0));
  const pods = points(samples, last.at, ({ replicas }) => replicas, Math.max(1, most));
  const loads = points(samples, last.at, ({ load }) => load, top);
  const aim = wanted == null ? null : HEIGHT - (Math.min(wanted, top) / top) * HEIGHT;
  const said = t("appmap.chart", { name, pods: last.replicas, load: last.load ?? 0 });
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={said}>
        {aim !== null && <line class="aim" x1="0" x2={WIDTH} y1={aim} y2={aim} />}
        <polyline class="pods" points={line(stepped(pods))} />
        <polyline class="load" points={line(loads)} />
      </svg>
      <figcaption>
        <span class="pods">{t("appmap.chartPods", { most })}</span>
        <span class="load">{t("appmap.chartLoad", { top })}</span>
        {aim !== null && <span class="aim">{t("appmap.chartAim", { wanted: wanted ?? 0 })}</span>}
      </figcaption>
    </figure>
  );
}
