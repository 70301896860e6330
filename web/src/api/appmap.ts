/** The application as a picture, and what one does to it. */
import { ask, askJson } from "./http";
import { readNdjson } from "./ndjson";
import { EitherSocket, type Socket } from "./socket";
import type { Edit } from "./types";

export type Health = "healthy" | "paused" | "progressing" | "degraded";

export interface MapNode {
  /** `Deployment/web` */
  id: string;
  kind: string;
  name: string;
  health: Health;
  message: string;
  ready: number | null;
  wanted: number | null;
  file: string | null;
  line: number | null;
  scales: boolean;
  restarts: boolean;
}

export interface MapPod {
  name: string;
  /** The node that it belongs to. */
  node: string | null;
  phase: string;
  ready: boolean;
  restarts: number;
  role: string | null;
  created_at: string;
  cpu_milli: number | null;
  memory: number | null;
  containers: { name: string; image: string; ready: boolean; state: string; reason: string }[];
}

export interface MapEvent {
  at: string;
  type: "normal" | "warning";
  kind: string;
  name: string;
  reason: string;
  message: string;
  words: string;
  count: number;
}

export interface QuotaUse {
  resource: string;
  used: string;
  hard: string;
  share: number;
}

export interface Autoscaler {
  name: string;
  target: string;
  min: number;
  max: number;
  current: number;
  desired: number;
  metric: string | null;
  load: number | null;
  wanted_load: number | null;
}

export interface AppMap {
  nodes: MapNode[];
  edges: { from: string; to: string }[];
  pods: MapPod[];
  events: MapEvent[];
  quota: QuotaUse[];
  autoscalers: Autoscaler[];
}

export interface Load {
  url: string;
  running: boolean;
  per_second: number;
  ends_at: string;
  sent: number;
  held_back: number;
  statuses: Record<string, number>;
  median_ms: number | null;
  p95_ms: number | null;
}

export interface LogLine {
  pod: string;
  container: string;
  line: string;
}

export interface AppRequest {
  at: string;
  client: string;
  method: string;
  host: string;
  path: string;
  /** 0: whoever asked went before there was an answer. */
  status: number;
  bytes: number;
  ms: number;
}

/** The newest first; null where the installation keeps no log. */
export const readRequests = async (): Promise<AppRequest[] | null> =>
  (await askJson<{ requests: AppRequest[] | null }>("/app/requests")).requests;

export const readMap = (): Promise<AppMap> => askJson<AppMap>("/app/map");

export interface Origin {
  kind: "ConfigMap" | "Secret" | "Pod" | "Resource";
  name: string;
  key: string;
}

export interface Variable {
  name: string;
  /** Null where it is a Secret's, is known only once the pod runs, or is missing. */
  value: string | null;
  /** Null where the manifest itself says the value. */
  from: Origin | null;
  missing: boolean;
  optional: boolean;
}

export interface ContainerEnvironment {
  container: string;
  /** It runs before the others, and ends. */
  init: boolean;
  variables: Variable[];
  /** What is taken whole and is not there. */
  missing: Origin[];
}

export const killPod = (pod: string): Promise<Response> =>
  ask(`/app/pods/${encodeURIComponent(pod)}`, { method: "DELETE" });

const workload = ({ kind, name }: MapNode): string =>
  `/app/workloads/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`;

/** As a pod gets it that starts now. */
export const readEnvironment = async (node: MapNode): Promise<ContainerEnvironment[]> =>
  (await askJson<{ containers: ContainerEnvironment[] }>(`${workload(node)}/environment`)).containers;

export const restart = (node: MapNode): Promise<Response> =>
  ask(`${workload(node)}/restart`, { method: "POST" });

export const scale = (node: MapNode, replicas: number): Promise<Response> =>
  ask(`${workload(node)}/scale`, { method: "POST", json: { replicas } });

export type StrategyChoice = "rolling" | "blue_green" | "canary";

/** The edits of the manifests by which new versions come in this way; nothing is changed by asking. */
export const strategyEdits = async (node: MapNode, strategy: StrategyChoice): Promise<Edit[]> =>
  (
    await askJson<{ edits: Edit[] }>(`${workload(node)}/strategy`, {
      method: "POST",
      json: { strategy },
    })
  ).edits;

export const readLoad = async (): Promise<Load | null> =>
  (await askJson<{ load: Load | null }>("/app/load")).load;

export const startLoad = (per_second: number, seconds: number): Promise<Load> =>
  askJson<Load>("/app/load", { method: "POST", json: { per_second, seconds } });

export const stopLoad = (): Promise<Response> => ask("/app/load", { method: "DELETE" });

export function openShell(pod: string, container: string, protocol: string): Socket {
  const query = new URLSearchParams({ container });
  return new EitherSocket(`/app/pods/${encodeURIComponent(pod)}/shell?${query}`, protocol);
}

/** What all pods write, in pieces, until `signal` or their end. */
export const followLogs = async (onLines: (lines: LogLine[]) => void, signal: AbortSignal): Promise<void> =>
  readNdjson(await ask("/app/logs?follow=1", { signal }), onLines);
