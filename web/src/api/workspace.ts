import { ask, askJson } from "./http";
import type { Large, Port, TerminalInfo, TerminalProfile, Visibility, Workspace } from "./types";

/** Idempotent: answers with the workspace, ready or still starting. */
export const ensureWorkspace = (): Promise<Workspace> => askJson<Workspace>("/workspace", { method: "PUT" });

export type WorkspaceOp = "stop" | "cancel" | "force" | "restart" | "recreate" | "reset" | "reset/undo";

export const askWorkspace = (op: WorkspaceOp): Promise<Workspace> =>
  askJson<Workspace>(`/workspace/${op}`, { method: "POST" });

/** Not stopped for being idle for so many hours more. */
export const keepAlive = (hours: number): Promise<Workspace> =>
  askJson<Workspace>("/workspace/keep-alive", { method: "POST", json: { hours } });

/** Somebody types in the page. */
export const tellActivity = (): Promise<Response> => ask("/workspace/activity", { method: "POST" });

export const listBiggest = (limit: number): Promise<Large[]> =>
  askJson<Large[]>(`/workspace/biggest?limit=${limit}`);

export const listTerminals = async (): Promise<TerminalInfo[]> => {
  const answer = await askJson<TerminalInfo[] | { terminals: TerminalInfo[] }>("/workspace/terminals");
  return Array.isArray(answer) ? answer : answer.terminals;
};

export const createTerminal = (size: {
  cols: number;
  rows: number;
  cwd?: string;
  clean?: boolean;
  shell?: string;
  /** A line to run instead of a shell. */
  command?: string;
  name?: string;
}): Promise<TerminalInfo> => askJson<TerminalInfo>("/workspace/terminals", { method: "POST", json: size });

export const listProfiles = (): Promise<TerminalProfile[]> =>
  askJson<TerminalProfile[]>("/workspace/terminals/profiles");

export const renameTerminal = (id: string, name: string): Promise<TerminalInfo> =>
  askJson<TerminalInfo>(`/workspace/terminals/${encodeURIComponent(id)}`, {
    method: "PATCH",
    json: { name },
  });

export const deleteTerminal = (id: string): Promise<Response> =>
  ask(`/workspace/terminals/${encodeURIComponent(id)}`, { method: "DELETE", accept: [404] });

/** `expiresIn` in seconds. */
export const sharePort = (port: number, visibility: Visibility, expiresIn?: number): Promise<Port> =>
  askJson<Port>(`/workspace/ports/${port}`, { method: "PUT", json: { visibility, expires_in: expiresIn } });
