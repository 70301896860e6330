/** What the picture shows: looked at anew every two seconds while somebody sees it. */
import { computed, signal } from "@preact/signals";
import { type AppMap, type Load, type MapNode, type MapPod, readLoad, readMap } from "../api/appmap";
import { describe } from "../api/http";
import { lookAgain } from "../app/lookAgain";

const LOOK_MS = 2000;
/** Five minutes of looks. */
const SAMPLES = 150;

export const map = signal<AppMap | null>(null);
export const load = signal<Load | null>(null);
export const trouble = signal<string | null>(null);
/** The id of a node, or the name of a pod. */
export const selected = signal<string | null>(null);

export interface Sample {
  at: number;
  replicas: number;
  desired: number;
  /** In percent of what the pods request. */
  load: number | null;
}

/** By autoscaler, the oldest first. */
export const samples = signal<Record<string, Sample[]>>({});

export const selectedNode = computed<MapNode | null>(
  () => map.value?.nodes.find(({ id }) => id === selected.value) ?? null,
);
export const selectedPod = computed<MapPod | null>(
  () => map.value?.pods.find(({ name }) => name === selected.value) ?? null,
);

export function keep(before: Record<string, Sample[]>, now: AppMap, at: number): Record<string, Sample[]> {
  const kept: Record<string, Sample[]> = {};
  for (const { name, current, desired, load } of now.autoscalers) {
    kept[name] = [...(before[name] ?? []), { at, replicas: current, desired, load }].slice(-SAMPLES);
  }
  return kept;
}

export async function look(): Promise<void> {
  try {
    const [now, sent] = await Promise.all([readMap(), readLoad()]);
    samples.value = keep(samples.peek(), now, Date.now());
    map.value = now;
    load.value = sent;
    trouble.value = null;
  } catch (error) {
    trouble.value = describe(error);
  }
}

/** Until the answer is called. */
export const watchMap = (): (() => void) => lookAgain(look, () => LOOK_MS);

export interface Columns {
  ingresses: MapNode[];
  services: MapNode[];
  workloads: MapNode[];
  /** Those that belong to no workload as well, at the end. */
  pods: MapPod[];
}

/** From left to right; what leads to what stands at about the same height. */
export function columnsOf({ nodes, edges, pods }: AppMap): Columns {
  const of = (kind: string) => nodes.filter((node) => node.kind === kind);
  const others = nodes.filter(({ kind }) => kind !== "Ingress" && kind !== "Service");
  const ingresses = of("Ingress");
  const follow = (from: readonly { id: string }[], to: MapNode[]): MapNode[] => {
    const reached = from.flatMap(({ id }) =>
      edges.filter((edge) => edge.from === id).flatMap((edge) => to.filter((node) => node.id === edge.to)),
    );
    return [...new Set([...reached, ...to])];
  };
  const services = follow(ingresses, of("Service"));
  const workloads = follow(services, others);
  const place = ({ node }: MapPod) => {
    const at = workloads.findIndex(({ id }) => id === node);
    return at < 0 ? workloads.length : at;
  };
  const sorted = pods.toSorted((a, b) => place(a) - place(b) || a.created_at.localeCompare(b.created_at));
  return { ingresses, services, workloads, pods: sorted };
}

/** All lines between the columns: pods hang on their workloads. */
export function linesOf({ edges, pods }: AppMap): { from: string; to: string }[] {
  return [...edges, ...pods.flatMap(({ node, name }) => (node ? [{ from: node, to: name }] : []))];
}

export type PodState = "ready" | "starting" | "ending" | "failed" | "done";

export function podState({ phase, ready, containers }: MapPod): PodState {
  if (phase === "Terminating") return "ending";
  if (phase === "Succeeded") return "done";
  if (ready) return "ready";
  const broken = containers.some(({ reason }) => /BackOff|Err|Error|OOM|Invalid/.test(reason));
  return phase === "Failed" || broken ? "failed" : "starting";
}
