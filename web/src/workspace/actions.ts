/** The ladder, from a new shell to a factory reset: the menu at the workspace's state and the palette share it. */
import type { Action } from "../actions/registry";
import { confirm } from "../app/confirm";
import { t } from "../i18n";
import { activeId, closeTerminal, newTerminal } from "../terminal/state";
import { act, keepAwake, startWorkspace, workspace } from "./state";

export async function restartShell(): Promise<void> {
  const old = activeId.peek();
  await newTerminal();
  if (old !== null) await closeTerminal(old);
}

export async function recreate(): Promise<void> {
  const yes = await confirm(
    t("workspace.recreate"),
    t("workspace.recreate.text"),
    t("workspace.recreate.confirm"),
  );
  if (yes) await act("recreate");
}

export async function reset(): Promise<void> {
  const yes = await confirm(t("workspace.reset"), t("workspace.reset.text"), t("workspace.reset.confirm"));
  if (yes) await act("reset");
}

export async function undoReset(): Promise<void> {
  const yes = await confirm(t("workspace.undo"), t("workspace.undo.text"), t("workspace.undo.confirm"));
  if (yes) await act("reset/undo");
}

const state = () => workspace.value?.state;
const busy = () => ["queued", "starting", "stopping"].includes(state() ?? "");
const isReady = () => state() === "ready";
const group = "workspace.title";

export const ladderActions: readonly Action[] = [
  { id: "workspace.restartShell", title: "workspace.restartShell", group, run: restartShell, when: isReady },
  { id: "workspace.keep", title: "workspace.idle.more.hint", group, run: () => keepAwake(1), when: isReady },
  {
    id: "workspace.start",
    title: "workspace.start",
    group,
    run: startWorkspace,
    when: () => state() === "stopped",
  },
  {
    id: "workspace.restart",
    title: "workspace.restart",
    group,
    run: () => act("restart"),
    when: () => !busy(),
  },
  { id: "workspace.recreate", title: "workspace.recreate", group, run: recreate, when: () => !busy() },
  { id: "workspace.reset", title: "workspace.reset", group, run: reset, when: () => !busy() },
  {
    id: "workspace.undo",
    title: "workspace.undo",
    group,
    run: undoReset,
    when: () => !busy() && Boolean(workspace.value?.undo_until),
  },
  { id: "workspace.stop", title: "workspace.stop", group, run: () => act("stop"), when: isReady },
  {
    id: "workspace.cancel",
    title: "action.cancelStart",
    group,
    run: () => act("cancel"),
    when: () => busy() && state() !== "stopping",
  },
  {
    id: "workspace.force",
    title: "workspace.force",
    group,
    run: () => act("force"),
    when: () => busy() || state() === "failed",
  },
];
