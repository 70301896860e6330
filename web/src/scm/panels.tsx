/** Differences and commits, in tabs of the editor; loaded when the first is looked at. */
import type { Commit, GitEntry } from "../api/git";
import { later } from "../app/later";
import { panelPath } from "../editor/buffers";
import { openPanel } from "../editor/state";
import { nameOf } from "../files/tree";
import { t } from "../i18n";

const FileDiff = later(() => import("./DiffView").then((module) => module.FileDiff));
const CommitDiff = later(() => import("./DiffView").then((module) => module.CommitDiff));
const CompareView = later(() => import("./CompareView").then((module) => module.CompareView));
const MergeFile = later(() => import("./MergeView").then((module) => module.MergeFile));
const BlameFile = later(() => import("./BlameView").then((module) => module.BlameFile));
const ConflictView = later(() => import("./ConflictView").then((module) => module.ConflictView));

export function showDiff(entry: GitEntry, staged: boolean): void {
  const key = `diff:${staged ? "staged" : "tree"}:${entry.path}`;
  openPanel(key, {
    title: () => t(staged ? "scm.diff.staged" : "scm.diff.tree", { name: nameOf(entry.path) }),
    icon: "branch",
    render: () => <FileDiff key={key} path={entry.path} staged={staged} />,
  });
}

export function showCommit(commit: Commit): void {
  const key = `commit:${commit.id}`;
  openPanel(key, {
    title: () => commit.id.slice(0, 7),
    icon: "commit",
    render: () => <CommitDiff key={key} commit={commit} />,
  });
}

/** A text beside another version of it, which is chosen there. */
export function showCompare(path: string): void {
  const key = `compare:${path}`;
  openPanel(key, {
    title: () => t("compare.title", { name: nameOf(path) }),
    icon: "split",
    render: () => <CompareView key={key} path={path} />,
  });
}

/** A file that both sides of a merge changed. */
export function showMerge(path: string): void {
  const key = `merge:${path}`;
  openPanel(key, {
    title: () => t("merge.title", { name: nameOf(path) }),
    icon: "split",
    render: () => <MergeFile key={key} path={path} />,
  });
}

/** The tab of that. */
export const mergeKey = (path: string): string => panelPath(`merge:${path}`);

/** Who wrote each line of a file, and with which commit. */
export function showBlame(path: string): void {
  const key = `blame:${path}`;
  openPanel(key, {
    title: () => t("blame.title", { name: nameOf(path) }),
    icon: "commit",
    render: () => <BlameFile key={key} path={path} />,
  });
}

/** Both versions of a file that was changed elsewhere while it was edited; what is saved is put together of them. */
export function showConflict(path: string): void {
  const key = `conflict:${path}`;
  openPanel(key, {
    title: () => t("conflict.title", { name: nameOf(path) }),
    icon: "split",
    render: () => <ConflictView key={key} path={path} />,
  });
}

/** The tab of that. */
export const conflictKey = (path: string): string => panelPath(`conflict:${path}`);
