import type { Action } from "../actions/registry";
import { showView } from "../app/layout";
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
  { id: "scm.refresh", title: "files.refresh", group, run: refreshStatus, when: free },
];
