/** The server's JSON, as the public contract writes it (snake_case, RFC 3339 times). */

export type Role = "student" | "instructor" | "admin";

export interface Me {
  login: string;
  name: string;
  role: Role;
}

export type WorkspaceState = "stopped" | "queued" | "starting" | "ready" | "stopping" | "failed";

export interface Workspace {
  id: string;
  state: WorkspaceState;
  /** What a starting workspace is busy with. */
  phase?: "image" | "create" | "boot" | "connect" | null;
  /** Why it failed or is stopped, in the caller's language. */
  cause?: string | null;
  /** How many are before it, where it is queued. */
  position?: number | null;
  /** When what goes on now has failed, unless it is done before. */
  deadline?: string | null;
  /** When it will be stopped unless somebody uses it; only where that is soon. */
  idle_stop_at?: string | null;
  keep_alive_until?: string | null;
  /** Why the last snapshot of the home was not taken. */
  snapshot_trouble?: string | null;
  safe_mode?: { reason: "starts_failed" | "home_full" | "shell_broken"; text: string } | null;
  /** Until when the home before the last reset can be given back. */
  undo_until?: string | null;
  image?: string | null;
  started_at?: string | null;
  usage?: Usage | null;
  /** What ran out since it started, the oldest first. */
  notices?: Notice[];
}

/** What is used, and of how much; bytes but for CPUs and counts. */
export interface Usage {
  memory: number;
  memory_limit: number | null;
  cpus: number;
  cpus_limit: number | null;
  pids: number;
  pids_limit: number | null;
  disk: number;
  disk_limit: number;
  inodes: number;
  inodes_limit: number;
  tmp: number;
  tmp_limit: number;
}

export interface Notice {
  id: string;
  kind: "out_of_memory" | "too_many_processes" | "disk_full" | "inodes_full" | "disk_low" | "inodes_low";
  at: string;
  /** What happened, and what to do. */
  text: string;
  fix: string;
  /** How often, the same within half a minute being one. */
  count: number;
}

/** One of the largest files, by the bytes that it takes. */
export interface Large {
  path: string;
  size: number;
}

export type EntryKind = "file" | "folder" | "link" | "other";

export interface Entry {
  name: string;
  kind: EntryKind;
  size: number;
  modified?: string;
  mode?: string;
  /** Of a link: what it says, and what that leads to inside the home folder. */
  target?: string;
  target_kind?: EntryKind;
}

export interface WatchEvent {
  /** created, changed, removed, overflow (read the tree again), polling. */
  kind: string;
  path: string;
}

export interface TerminalInfo {
  id: string;
  name?: string | null;
  /** Where the program in the foreground is. */
  cwd?: string | null;
  /** Once the program has ended. */
  exit_code?: number | null;
}

/** What a terminal may be opened with. */
export interface TerminalProfile {
  id: string;
  shell?: string | null;
  command?: string | null;
}

export type StepName = "commit" | "build" | "refresh" | "rollout";
export type StepState = "pending" | "running" | "succeeded" | "failed" | "cancelled" | "skipped";

/** Replaces a range of a file. Lines and columns count from 1, columns in characters; the end is excluded. */
export interface Edit {
  file: string;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  text: string;
}

export interface Diagnostic {
  severity: "error" | "warning" | "info";
  code: string;
  message: string;
  file?: string | null;
  line?: number | null;
  column?: number | null;
  path?: string | null;
  fix?: string | null;
  /** What mends it, all together; none where more than one mend is possible. */
  edits?: Edit[] | null;
}

export interface StepBuild {
  id: string;
  repository?: string | null;
  number?: number | null;
  state?: string | null;
}

export interface Step {
  name: StepName;
  state: StepState;
  started_at?: string | null;
  finished_at?: string | null;
  detail?: string | null;
  /** What to do about a failure. */
  fix?: string | null;
  diagnostics?: Diagnostic[] | null;
  builds?: StepBuild[] | null;
}

export interface Deployment {
  id: string;
  state: string;
  steps: Step[];
  url?: string | null;
}

export interface CanaryStep {
  kind: "set_weight" | "pause" | "set_canary_scale" | "analysis" | "experiment" | "other";
  weight?: number;
  /** Of a pause that ends by itself. */
  seconds?: number | null;
  name?: string;
}

/** How a Rollout goes from one version to the next. */
export interface Strategy {
  kind: "canary" | "blue_green";
  /** The present step, from 1. */
  step?: number | null;
  steps: CanaryStep[];
  /** What the new version gets of the requests, in percent; null while there is one version. */
  weight?: number | null;
  paused?: { message: string; until?: string | null } | null;
  aborted: boolean;
  updating: boolean;
}

export interface AppPod {
  name: string;
  owner: string;
  role?: string | null;
  ready: boolean;
}

export interface ObjectName {
  kind: string;
  name: string;
}

export interface AppObject extends ObjectName {
  health: string;
  message: string;
  ready?: number | null;
  wanted?: number | null;
  strategy?: Strategy | null;
}

/** What git asked for when it was read last. */
export interface TargetState {
  commit: string;
  time?: string;
  state: "ready" | "failed";
  diagnostics?: Diagnostic[] | null;
  objects?: ObjectName[];
}

/** What the newest rollout that got through left in the cluster; all null before there was one. */
export interface CurrentState {
  id?: string | null;
  number?: number;
  commit?: string | null;
  time?: string | null;
}

/** A project here, or a repository elsewhere. */
export type AppSource = { project: string } | { url: string; branch: string };

export interface App {
  source?: AppSource | null;
  /** The folder of the manifests. */
  path?: string;
  url?: string | null;
  health?: string | null;
  /** Its owner stopped it. */
  stopped?: boolean;
  /** A push to main refreshes the target state. */
  refresh_on_push?: boolean;
  /** False where the cluster could not be asked: `objects` is empty then. */
  cluster_answers?: boolean;
  current?: CurrentState | null;
  target?: TargetState | null;
  objects?: AppObject[];
  pods?: AppPod[];
}

export type Visibility = "private" | "class" | "public";

export interface Port {
  port: number;
  process?: string | null;
  /** Its command line. */
  command?: string | null;
  url: string;
  visibility: Visibility;
  /** When it is private again. */
  expires_at?: string | null;
}
