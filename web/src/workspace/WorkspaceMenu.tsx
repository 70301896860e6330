/** The workspace's state, and behind it the ladder: from a new shell to a factory reset, each step taking more with it. */
import { useMenu } from "../app/menu";
import { sayError } from "../app/toast";
import { lang, t } from "../i18n";
import { showSnapshots } from "../snapshots/open";
import { newTerminal } from "../terminal/state";
import { recreate, reset, restartShell, undoReset } from "./actions";
import { StatePill } from "./StatePill";
import { act, keepAwake, startWorkspace, workspace } from "./state";

export const when = (time: string): string =>
  new Date(time).toLocaleString(lang.value, { dateStyle: "medium", timeStyle: "short" });

export function WorkspaceMenu() {
  const { close, menu } = useMenu();
  const { state, keep_alive_until, undo_until } = workspace.value ?? {};
  const item = (label: string, run: () => unknown, hint?: string) => (
    <button
      type="button"
      onClick={() => {
        close();
        Promise.resolve(run()).catch(sayError);
      }}
    >
      {label}
      {hint && <small class="faint">{hint}</small>}
    </button>
  );
  const ready = state === "ready";
  const busy = state === "queued" || state === "starting" || state === "stopping";
  return (
    <details {...menu} class="user-menu workspace-menu">
      <summary title={t("workspace.menu")} data-testid="workspace-menu">
        <StatePill />
      </summary>
      <div class="user-card">
        <p>
          <strong>{t("workspace.title")}</strong>
          {keep_alive_until && (
            <span class="faint">{t("workspace.keptUntil", { time: when(keep_alive_until) })}</span>
          )}
        </p>
        {ready && item(t("workspace.restartShell"), restartShell, t("workspace.restartShell.hint"))}
        {ready &&
          item(t("workspace.cleanShell"), () => newTerminal({ clean: true }), t("workspace.cleanShell.hint"))}
        {ready && item(t("workspace.idle.more"), () => keepAwake(1), t("workspace.idle.more.hint"))}
        {state === "stopped" && item(t("workspace.start"), startWorkspace)}
        {item(t("snapshots.title"), showSnapshots, t("snapshots.menu.hint"))}
        {!busy && item(t("workspace.restart"), () => act("restart"), t("workspace.restart.hint"))}
        {!busy && item(t("workspace.recreate"), recreate, t("workspace.recreate.hint"))}
        {!busy && item(t("workspace.reset"), reset, t("workspace.reset.hint"))}
        {undo_until &&
          !busy &&
          item(t("workspace.undo"), undoReset, t("workspace.undo.hint", { time: when(undo_until) }))}
        {ready && item(t("workspace.stop"), () => act("stop"))}
        {busy && state !== "stopping" && item(t("app.cancel"), () => act("cancel"))}
        {(busy || state === "failed") &&
          item(t("workspace.force"), () => act("force"), t("workspace.force.hint"))}
      </div>
    </details>
  );
}
