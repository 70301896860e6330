/** What is shown over the panes until the workspace is ready: what it is doing, since when, and why not. */
import { Logo } from "../app/Logo";
import { now } from "../deploy/clock";
import { t } from "../i18n";
import { ready, startWorkspace, waitingSince, workspace, workspaceTrouble } from "./state";
import "./workspace.css";

export function StartView() {
  if (ready.value) return null;
  const state = workspace.value?.state;
  return (
    <div class="start-view" data-testid="workspace-start">
      <div class="start-card" role="status" aria-live="polite">
        <Logo size={56} />
        {state === "failed" ? <Failed /> : state === "stopped" ? <Stopped /> : <Starting />}
      </div>
    </div>
  );
}

function Starting() {
  const seconds = Math.max(0, Math.round((now.value - waitingSince.value) / 1000));
  const { phase, position } = workspace.value ?? {};
  const doing = phase
    ? t(`workspace.phase.${phase}`)
    : position
      ? t("workspace.position", { position })
      : t("workspace.starting.hint");
  return (
    <>
      <h2>{t("workspace.starting")}</h2>
      <div class="start-bar" />
      <p>{doing}</p>
      {workspaceTrouble.value && <p class="notice">{workspaceTrouble.value}</p>}
      <p class="faint" aria-hidden="true">
        {t("workspace.seconds", { seconds })}
      </p>
    </>
  );
}

function Stopped() {
  return (
    <>
      <h2>{t("workspace.stopped")}</h2>
      <p>{t("workspace.stopped.hint")}</p>
      <StartButton />
    </>
  );
}

function Failed() {
  return (
    <>
      <h2>{t("workspace.failed")}</h2>
      <p class="notice">{workspace.value?.cause || workspaceTrouble.value}</p>
      <StartButton />
    </>
  );
}

function StartButton() {
  return (
    <button type="button" class="button primary" onClick={() => void startWorkspace()}>
      {t("workspace.start")}
    </button>
  );
}
