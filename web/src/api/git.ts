/** Source control of the project in the workspace. Paths are relative to the project's folder. */
import { ask, askJson } from "./http";

export type Change = "modified" | "added" | "deleted" | "renamed" | "copied" | "type_changed" | "untracked";

export interface GitEntry {
  path: string;
  from: string | null;
  staged: Change | null;
  unstaged: Change | null;
  conflict: boolean;
}

export interface GitStatus {
  branch: string | null;
  commit: string | null;
  upstream: string | null;
  ahead: number;
  behind: number;
  entries: GitEntry[];
  truncated: boolean;
  merging: boolean;
}

export interface Commit {
  id: string;
  parents: string[];
  author: string;
  email: string;
  time: string;
  refs: string[];
  subject: string;
}

const query = (values: Record<string, string | number>): string =>
  new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)])).toString();

const post = (what: string, json: unknown): Promise<Response> =>
  ask(`/workspace/git/${what}`, { method: "POST", json });

export const gitStatus = (folder: string): Promise<GitStatus> =>
  askJson<GitStatus>(`/workspace/git/status?${query({ folder })}`);

export interface GitText {
  text: string;
  /** There was more than could be told. */
  truncated: boolean;
}

const textOf = async (response: Response): Promise<GitText> => ({
  text: await response.text(),
  truncated: response.headers.has("Maru-Truncated"),
});

export const gitDiff = async (folder: string, path: string, staged: boolean): Promise<GitText> =>
  textOf(await ask(`/workspace/git/diff?${query({ folder, path, staged: staged ? 1 : 0 })}`));

/** As it is in HEAD, in the index, or as the project began; null where it is not there. */
export async function gitFile(
  folder: string,
  path: string,
  at: "HEAD" | "index" | "start",
): Promise<GitText | null> {
  const response = await ask(`/workspace/git/file?${query({ folder, path, at })}`, { accept: [404] });
  return response.status === 404 ? null : textOf(response);
}

export const gitStage = (folder: string, what: { paths?: string[]; patch?: string }): Promise<Response> =>
  post("stage", { folder, ...what });

export const gitUnstage = (folder: string, what: { paths?: string[]; patch?: string }): Promise<Response> =>
  post("unstage", { folder, ...what });

export const gitCommit = (folder: string, message: string, amend: boolean): Promise<Response> =>
  post("commit", { folder, message, amend });

export const gitLog = async (folder: string, skip: number, limit: number): Promise<Commit[]> =>
  (await askJson<{ commits: Commit[] }>(`/workspace/git/log?${query({ folder, skip, limit })}`)).commits;

export const gitShow = async (folder: string, id: string): Promise<GitText> =>
  textOf(await ask(`/workspace/git/commits/${id}?${query({ folder })}`));

export interface Branch {
  name: string;
  current: boolean;
}

export const gitBranches = async (folder: string): Promise<Branch[]> =>
  (await askJson<{ branches: Branch[] }>(`/workspace/git/branches?${query({ folder })}`)).branches;

export const gitSwitch = (folder: string, branch: string, create: boolean): Promise<Response> =>
  post("switch", { folder, branch, create });

const postJson = <T>(what: string, json: unknown): Promise<T> =>
  askJson<T>(`/workspace/git/${what}`, { method: "POST", json });

/** What came with it. */
export const gitPull = (folder: string): Promise<{ commits: number; files: number }> =>
  postJson("pull", { folder });

/** How many commits went; null with a branch's first push. */
export const gitPush = (folder: string): Promise<{ branch: string; commits: number | null }> =>
  postJson("push", { folder });

export interface Blame {
  commits: Record<string, { author: string; time: string; subject: string; uncommitted: boolean }>;
  lines: { commit: string; text: string }[];
  truncated: boolean;
}

export const gitBlame = (folder: string, path: string): Promise<Blame> =>
  askJson<Blame>(`/workspace/git/blame?${query({ folder, path })}`);

/** A file in conflict, whole as one side has it. */
export const gitResolve = (folder: string, path: string, side: "ours" | "theirs"): Promise<Response> =>
  post("resolve", { folder, path, side });

export const gitAbortMerge = (folder: string): Promise<Response> => post("merge/abort", { folder });
