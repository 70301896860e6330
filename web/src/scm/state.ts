/** What git says of the project, kept fresh while somebody looks; and what can be done with it. */
import { computed, effect, signal } from "@preact/signals";
import { readFile, writeFile } from "../api/files";
import {
  type Change,
  type GitEntry,
  type GitStatus,
  gitAbortMerge,
  gitCommit,
  gitFile,
  gitPull,
  gitPush,
  gitStage,
  gitStatus,
  gitSwitch,
  gitUnstage,
} from "../api/git";
import { ApiError } from "../api/http";
import { say, sayError } from "../app/toast";
import { saveAll } from "../editor/state";
import { onFilesChanged, projectPath, remove, restore, root } from "../files/state";
import { nameOf, parentOf } from "../files/tree";
import { t } from "../i18n";
import { readyCount } from "../workspace/state";

export const status = signal<GitStatus | null>(null);
/** The folder is no git project. */
export const noProject = signal(false);
/** What is being done now, if anything. */
export const busy = signal<"" | "commit" | "pull" | "push" | "switch" | "stage">("");
export const message = signal("");
export const amending = signal(false);

/** Nothing is staged by hand where all is to be committed. */
export const staged = computed(() => (status.value?.entries ?? []).filter((entry) => entry.staged));
export const changes = computed(() => (status.value?.entries ?? []).filter((entry) => entry.unstaged));
export const conflicts = computed(() => (status.value?.entries ?? []).filter((entry) => entry.conflict));
export const changeCount = computed(() => status.value?.entries.length ?? 0);

/** What happened to each file, by its path in the workspace; to each folder of it, that something did. */
export const decorations = computed(() => {
  const found = new Map<string, Change | "conflict" | "inside">();
  for (const { path, staged: index, unstaged, conflict } of status.value?.entries ?? []) {
    const full = projectPath(path);
    const change = conflict ? "conflict" : (unstaged ?? index);
    if (!change) continue;
    found.set(full, change);
    for (let folder = parentOf(full); folder !== "" && folder !== root.value; folder = parentOf(folder)) {
      if (!found.has(folder)) found.set(folder, "inside");
    }
  }
  return found;
});

let asking: Promise<void> | null = null;
let again = false;

/** Asks anew; while an answer is awaited, once more after it. */
export function refreshStatus(): Promise<void> {
  if (asking) {
    again = true;
    return asking;
  }
  asking = look().finally(() => {
    asking = null;
    if (!again) return;
    again = false;
    void refreshStatus();
  });
  return asking;
}

async function look(): Promise<void> {
  try {
    const now = await gitStatus(root.peek());
    if (now.merging && !status.peek()?.merging && message.peek() === "")
      message.value = t("scm.mergeMessage");
    status.value = now;
    noProject.value = false;
  } catch (error) {
    // A workspace that stops has no answer; what was known stays until it is back.
    if (!(error instanceof ApiError) || error.code !== "no_project") return;
    status.value = null;
    noProject.value = true;
  }
}

const SETTLE_MS = 350;

export function startScm(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (document.visibilityState === "visible") void refreshStatus();
    }, SETTLE_MS);
  };
  onFilesChanged(soon);
  document.addEventListener("visibilitychange", soon);
  effect(() => {
    if (readyCount.value > 0 && root.value !== "") soon();
  });
}

async function during(what: typeof busy.value, work: () => Promise<unknown>): Promise<void> {
  if (busy.peek() !== "") return;
  busy.value = what;
  try {
    await work();
  } finally {
    busy.value = "";
    await refreshStatus();
  }
}

export const stage = (entries: readonly GitEntry[]): Promise<void> =>
  during("stage", () => gitStage(root.peek(), { paths: entries.map(({ path }) => path) }));

/** A renamed file is two names in the index. */
export const unstage = (entries: readonly GitEntry[]): Promise<void> =>
  during("stage", () =>
    gitUnstage(root.peek(), {
      paths: entries.flatMap(({ path, from, staged: how }) =>
        from && how === "renamed" ? [path, from] : [path],
      ),
    }),
  );

export const stageHunk = (patch: string): Promise<void> =>
  during("stage", () => gitStage(root.peek(), { patch }));

export const unstageHunk = (patch: string): Promise<void> =>
  during("stage", () => gitUnstage(root.peek(), { patch }));

/** Commits what is staged; where nothing is, all that changed. */
export function commit(): Promise<void> {
  return during("commit", async () => {
    if (message.peek().trim() === "") throw new Error(t("scm.needsMessage"));
    const stuck = await saveAll();
    if (stuck !== null) throw new Error(t("scm.unsaved", { name: nameOf(stuck) }));
    await refreshStatus();
    const { entries = [] } = status.peek() ?? {};
    if (!amending.peek() && !entries.some((entry) => entry.staged) && entries.length > 0)
      await gitStage(root.peek(), { paths: entries.map(({ path }) => path) });
    await gitCommit(root.peek(), message.peek(), amending.peek());
    message.value = "";
    amending.value = false;
    say(t("scm.committed"), "good", { label: "Push", run: () => void push().catch(sayError) });
  });
}

export const pull = (): Promise<void> =>
  during("pull", async () => {
    const { commits, files } = await gitPull(root.peek());
    say(commits === 0 ? t("scm.pulled") : t("scm.pulledSome", { commits, files }), "good");
  });

export const push = (): Promise<void> =>
  during("push", async () => {
    const { branch, commits } = await gitPush(root.peek());
    say(
      commits === null
        ? t("scm.pushedBranch", { branch })
        : commits === 0
          ? t("scm.pushedNone")
          : t("scm.pushed", { commits, branch }),
      "good",
    );
  });

/** Back to before the merge; what was not committed before it would be lost, so git refuses then. */
export const abortMerge = (): Promise<void> =>
  during("pull", async () => {
    await gitAbortMerge(root.peek());
    message.value = "";
    say(t("scm.mergeAborted"), "good");
  });

export const switchBranch = (branch: string, create: boolean): Promise<void> =>
  during("switch", () => gitSwitch(root.peek(), branch, create));

/** A text that was not UTF-8, or not whole, must not be written back. */
const unsafe = ({ text, truncated }: { text: string; truncated: boolean }): boolean =>
  truncated || text.includes("\ufffd");

/** Takes back what is not staged: as it is in the index. What was there can be had again by Undo. */
export async function discard(entry: GitEntry): Promise<void> {
  const path = projectPath(entry.path);
  if (entry.unstaged === "untracked") {
    const id = await remove(path);
    if (id !== null) {
      const undo = { label: t("files.undo"), run: () => void restore(id).catch(sayError) };
      say(t("files.inTrash", { name: nameOf(path) }), "good", undo);
    }
    return refreshStatus();
  }
  const before = await gitFile(root.peek(), entry.path, "index");
  if (!before || unsafe(before)) throw new Error(t("scm.notText", { name: nameOf(path) }));
  if (entry.unstaged === "deleted") {
    await writeFile(path, before.text, null);
    return refreshStatus();
  }
  const now = await readFile(path);
  const saved = await writeFile(path, before.text, now.etag);
  if (!saved.ok) throw new Error(t("search.changed", { name: nameOf(path) }));
  const back = () => {
    writeFile(path, new Blob([now.bytes as BlobPart]), saved.etag)
      .then(refreshStatus)
      .catch(sayError);
  };
  say(t("scm.discarded", { name: nameOf(path) }), "good", { label: t("files.undo"), run: back });
  return refreshStatus();
}
