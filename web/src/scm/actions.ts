import type { Action } from "../actions/registry";
import { showView } from "../app/layout";
import { say } from "../app/toast";
import { active, activePath } from "../editor/state";
import { projectPath, root } from "../files/state";
import { nameOf } from "../files/tree";
import { t } from "../i18n";
import { showBlame, showCompare, showDiff } from "./panels";
import { busy, changes, pull, push, refreshStatus, stage, staged, status, unstage } from "./state";

const free = () => status.value !== null && busy.value === "";
const group = "scm.title";

export const scmActions: readonly Action[] = [
  {
    id: "scm.commit",
    title: "scm.commitAction",
    group,
    run: () => {
      showView("scm");
      requestAnimationFrame(() =>
        document.querySelector<HTMLElement>('[data-testid="scm-message"]')?.focus(),
      );
    },
    when: free,
  },
  { id: "scm.pull", title: "scm.pull", group, run: pull, when: free },
  { id: "scm.push", title: "scm.push", group, run: push, when: free },
  {
    id: "scm.stageAll",
    title: "scm.stageAll",
    group,
    run: () => stage(changes.peek()),
    when: () => free() && changes.value.length > 0,
  },
  {
    id: "scm.unstageAll",
    title: "scm.unstageAll",
    group,
    run: () => unstage(staged.peek()),
    when: () => free() && staged.value.length > 0,
  },
  {
    id: "editor.compare",
    title: "action.compare",
    group: "editor.title",
    run: () => showCompare(activePath.peek() ?? ""),
    when: () => active.value?.status === "text",
  },
  {
    id: "scm.compare",
    title: "diff.head",
    group,
    run: () => {
      const path = activePath.peek() ?? "";
      const entry = status.peek()?.entries.find((each) => projectPath(each.path) === path);
      if (entry) showDiff(entry, entry.unstaged === null);
      else say(t("diff.headNone", { name: nameOf(path) }));
    },
    when: () => free() && active.value?.status === "text",
  },
  {
    id: "scm.blame",
    title: "blame.action",
    group,
    run: () => {
      const path = activePath.peek() ?? "";
      const folder = `${root.peek()}/`;
      showBlame(path.startsWith(folder) ? path.slice(folder.length) : path);
    },
    when: () => free() && active.value?.status === "text",
  },
  { id: "scm.refresh", title: "files.refresh", group, run: refreshStatus, when: free },
];
