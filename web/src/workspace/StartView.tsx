/** What is shown over the panes until the workspace is ready: what it is doing, since when, why not, and the way out. */
import { Logo } from "../app/Logo";
import { sayError } from "../app/toast";
import { now } from "../deploy/clock";
import { t } from "../i18n";
import { act, ready, startWorkspace, waitingSince, workspace, workspaceTrouble } from "./state";
import "./workspace.css";

/** Seconds after which somebody who waits may want to force it. */
const PATIENCE = 12;

export function StartView() {
  if (ready.value) return null;
  const state = workspace.value?.state;
  return (
    <div class="start-view" data-testid="workspace-start">
      <div class="start-card" role="status" aria-live="polite">
        <Logo size={56} />
        {state === "failed" ? (
          <Failed />
        ) : state === "stopped" ? (
          <Stopped />
        ) : state === "stopping" ? (
          <Stopping />
        ) : (
          <Starting />
        )}
      </div>
    </div>
  );
}

const waited = () => Math.max(0, Math.round((now.value - waitingSince.value) / 1000));

function Starting() {
  const seconds = waited();
  const { phase, position, cause } = workspace.value ?? {};
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
      {cause && <p class="start-cause">{t("workspace.again", { cause })}</p>}
      {workspaceTrouble.value && <p class="notice">{workspaceTrouble.value}</p>}
      <Seconds />
      {workspace.value && (
        <div class="start-actions">
          <button type="button" class="button" onClick={() => act("cancel").catch(sayError)}>
            {t("app.cancel")}
          </button>
          {seconds > PATIENCE && <ForceButton />}
        </div>
      )}
    </>
  );
}

function Stopping() {
  return (
    <>
      <h2>{t("workspace.stopping")}</h2>
      <div class="start-bar" />
      <p>{t("workspace.stopping.hint")}</p>
      {workspaceTrouble.value && <p class="notice">{workspaceTrouble.value}</p>}
      <Seconds />
      <ForceButton />
    </>
  );
}

function Stopped() {
  return (
    <>
      <h2>{t("workspace.stopped")}</h2>
      <p data-testid="workspace-cause">{workspace.value?.cause || t("workspace.stopped.hint")}</p>
      <StartButton />
    </>
  );
}

function Failed() {
  return (
    <>
      <h2>{t("workspace.failed")}</h2>
      <p class="notice">{workspace.value?.cause || workspaceTrouble.value}</p>
      <div class="start-actions">
        <StartButton />
        <ForceButton />
      </div>
    </>
  );
}

function Seconds() {
  return (
    <p class="faint" aria-hidden="true">
      {t("workspace.seconds", { seconds: waited() })}
    </p>
  );
}

function StartButton() {
  return (
    <button type="button" class="button primary" onClick={() => void startWorkspace()}>
      {t("workspace.start")}
    </button>
  );
}

function ForceButton() {
  return (
    <button
      type="button"
      class="button"
      title={t("workspace.force.hint")}
      onClick={() => act("force").catch(sayError)}
    >
      {t("workspace.force")}
    </button>
  );
}
