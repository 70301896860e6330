/** Image repositories with their versions and builds: looked at anew while their page is open. */
import { signal } from "@preact/signals";
import { describe } from "../api/http";
import { type Build, cancelBuild, type Made, readRepositories, startBuild } from "../api/repositories";
import { lookAgain } from "../app/lookAgain";

const LOOK_MS = 6000;
/** While something is built. */
const SOON_MS = 1500;

/** Null until they were read. */
export const made = signal<readonly Made[] | null>(null);
export const trouble = signal("");
/** How many repositories there may be; known once they were read. */
export const limit = signal(0);
/** The id of the build whose log is open. */
export const openLog = signal<string | null>(null);

export const goesOn = ({ state }: Build): boolean => state === "queued" || state === "running";

/** Whole seconds that it has taken so far; null before it began. */
export function buildSeconds({ started_at, finished_at }: Build, now: number): number | null {
  if (started_at === null) return null;
  const end = finished_at === null ? now : Date.parse(finished_at);
  return Math.max(0, Math.round((end - Date.parse(started_at)) / 1000));
}

/** `sha256:9f86d081884c…` as people compare it. */
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, "").slice(0, 12);

export async function lookAtBuilds(): Promise<void> {
  try {
    const read = await readRepositories();
    limit.value = read.limit;
    made.value = read.made;
    trouble.value = "";
  } catch (error) {
    trouble.value = describe(error);
  }
}

const anyGoesOn = (): boolean => made.peek()?.some(({ builds }) => builds.some(goesOn)) ?? false;

export const watchBuilds = (): (() => void) =>
  lookAgain(lookAtBuilds, () => (anyGoesOn() ? SOON_MS : LOOK_MS));

/** Its log opens with it: that is what one waits for. */
export async function build(name: string): Promise<void> {
  const { id } = await startBuild(name);
  openLog.value = id;
  await lookAtBuilds();
}

export async function cancel({ id }: Build): Promise<void> {
  await cancelBuild(id);
  await lookAtBuilds();
}
