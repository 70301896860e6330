/** Differences and commits, in tabs of the editor; loaded when the first is looked at. */
import { useEffect, useState } from "preact/hooks";
import type { Commit, GitEntry } from "../api/git";
import { sayError } from "../app/toast";
import { openPanel } from "../editor/state";
import { nameOf } from "../files/tree";
import { t } from "../i18n";

type Module = typeof import("./DiffView");

function Lazy({ show }: { show: (module: Module) => preact.JSX.Element }) {
  const [module, setModule] = useState<Module | null>(null);
  useEffect(() => {
    import("./DiffView").then(setModule).catch(sayError);
  }, []);
  return module ? show(module) : <p class="side-loading">{t("app.loading")}</p>;
}

export function showDiff(entry: GitEntry, staged: boolean): void {
  const key = `diff:${staged ? "staged" : "tree"}:${entry.path}`;
  openPanel(key, {
    title: () => t(staged ? "scm.diff.staged" : "scm.diff.tree", { name: nameOf(entry.path) }),
    icon: "branch",
    render: () => <Lazy key={key} show={({ FileDiff }) => <FileDiff path={entry.path} staged={staged} />} />,
  });
}

export function showCommit(commit: Commit): void {
  const key = `commit:${commit.id}`;
  openPanel(key, {
    title: () => commit.id.slice(0, 7),
    icon: "commit",
    render: () => <Lazy key={key} show={({ CommitDiff }) => <CommitDiff commit={commit} />} />,
  });
}
