/** Image repositories, the versions in them, and the builds that they came of. */
import { ask, askJson } from "./http";
import type { AppSource } from "./types";

export interface Version {
  number: number;
  /** As a manifest names it. */
  image: string;
  /** `sha256:…` */
  digest: string;
  commit: string;
  /** Bytes, compressed. */
  size: number;
  created_at: string;
}

export type BuildState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Build {
  id: string;
  number: number;
  state: BuildState;
  commit: string;
  /** Why it failed, in the caller's language. */
  reason: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

export interface Repository {
  id: string;
  name: string;
  source: AppSource;
  /** The folder that is built. */
  context: string;
  dockerfile: string;
  /** Without a version. */
  image: string;
}

/** Of one repository; both lists with the newest first. */
export interface Made {
  repository: Repository;
  versions: readonly Version[];
  builds: readonly Build[];
}

const at = (name: string, what: string): string => `/repositories/${encodeURIComponent(name)}/${what}`;

async function readMade(repository: Repository): Promise<Made> {
  const [{ versions }, { builds }] = await Promise.all([
    askJson<{ versions: Version[] }>(at(repository.name, "versions")),
    askJson<{ builds: Build[] }>(at(repository.name, "builds")),
  ]);
  return { repository, versions, builds };
}

/** All of them, and how many there may be. */
export const readRepositoryList = (): Promise<{ repositories: Repository[]; limit: number }> =>
  askJson("/repositories");

/** The same, with what was made in each. */
export async function readRepositories(): Promise<{ made: Made[]; limit: number }> {
  const { repositories, limit } = await readRepositoryList();
  return { made: await Promise.all(repositories.map(readMade)), limit };
}

export type RepositorySpec = Pick<Repository, "source" | "context" | "dockerfile">;

export const addRepository = (name: string, spec: RepositorySpec): Promise<Repository> =>
  askJson("/repositories", { method: "POST", json: { name, ...spec } });

export const changeRepository = (name: string, spec: RepositorySpec): Promise<Repository> =>
  askJson(`/repositories/${encodeURIComponent(name)}`, { method: "PUT", json: spec });

export async function deleteRepository(name: string): Promise<void> {
  await ask(`/repositories/${encodeURIComponent(name)}`, { method: "DELETE" });
}

/** Of the newest commit that was pushed to main. */
export const startBuild = (name: string): Promise<Build> =>
  askJson<Build>(at(name, "builds"), { method: "POST", json: {} });

export const cancelBuild = (id: string): Promise<Build> =>
  askJson<Build>(`/builds/${encodeURIComponent(id)}/cancel`, { method: "POST" });

/** What a Dockerfile may start from, whole: the class's images, and the newest of each repository of one's own. */
export async function readImages(): Promise<string[]> {
  const [{ images }, { repositories }] = await Promise.all([
    askJson<{ images: string[] }>("/base-images"),
    askJson<{ repositories: { latest_version: Version | null }[] }>("/repositories"),
  ]);
  return [...images, ...repositories.flatMap(({ latest_version }) => latest_version?.image ?? [])];
}
