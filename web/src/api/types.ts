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
  /** What it is doing within its state, in the caller's language. */
  phase?: string | null;
  /** Why it failed, in the caller's language. */
  cause?: string | null;
  image?: string | null;
  started_at?: string | null;
  /** The name of the project the workspace was made for. */
  project?: string | null;
}

export type EntryKind = "file" | "directory" | "symlink" | "other";

export interface Entry {
  name: string;
  kind: EntryKind;
  size: number;
  modified?: string | null;
  mode?: number | string | null;
  target?: string | null;
}

export interface WatchEvent {
  kind: string;
  path: string;
}

export interface TerminalInfo {
  id: string;
  name?: string | null;
  /** The exit code, once the program has ended. */
  exit?: number | null;
}

export type StepName = "commit" | "build" | "refresh" | "rollout";
export type StepState = "pending" | "running" | "succeeded" | "failed" | "cancelled" | "skipped";

export interface Diagnostic {
  severity: "error" | "warning" | "info";
  code: string;
  message: string;
  file?: string | null;
  line?: number | null;
  column?: number | null;
  path?: string | null;
  fix?: string | null;
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
  diagnostics?: Diagnostic[] | null;
  builds?: StepBuild[] | null;
}

export interface Deployment {
  id: string;
  state: string;
  steps: Step[];
  url?: string | null;
}

export interface App {
  url?: string | null;
  health?: string | null;
}

export interface Port {
  port: number;
  process?: string | null;
  url: string;
  visibility: string;
}
