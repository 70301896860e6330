/** What Deploy does, step by step as it does it, and the address at the end. */

import { useState } from "preact/hooks";
import type { Deployment, Step, StepName } from "../api/types";
import { copyText } from "../app/clipboard";
import { IconButton } from "../app/IconButton";
import { Icon, type IconName } from "../app/icons";
import { later } from "../app/later";
import { showDeploy } from "../app/layout";
import { sayError } from "../app/toast";
import { Words } from "../app/Words";
import { showAppMap } from "../appmap/open";
import { t } from "../i18n";
import { QrButton } from "../qr/QrButton";
import { BuildLog } from "./BuildLog";
import { now } from "./clock";
import { unfold, unfolded } from "./explained";
import { Findings } from "./Findings";
import { Power } from "./Power";
import { PlanFold } from "./plan/PlanFold";
import { Strategies } from "./Strategies";
import { allSteps, app, cancel, deployment, isOver, running, stepSeconds } from "./state";
import "./deploy.css";

const MARKS: Partial<Record<Step["state"], IconName>> = {
  succeeded: "check",
  failed: "cross",
  cancelled: "cross",
  skipped: "skip",
};

const GoBack = later(() => import("../appmap/GoBack").then((module) => module.GoBack));

export function DeployPanel() {
  const current = deployment.value;
  return (
    <section class="deploy" aria-label={t("deploy.title")}>
      <header class="pane-head">
        <h2>{t("deploy.title")}</h2>
        {current && !isOver(current) && (
          <button type="button" class="button small quiet" onClick={() => cancel().catch(sayError)}>
            {t("deploy.cancel")}
          </button>
        )}
        <IconButton
          class="wide-only"
          icon="close"
          label={t("deploy.hide")}
          onClick={() => showDeploy(false)}
        />
      </header>
      <div class="deploy-body">
        <Outcome of={current} />
        <Strategies />
        {!current && <p class="deploy-intro">{t("deploy.intro")}</p>}
        <PlanFold />
        <ol class="steps" data-testid="deploy-steps" data-state={current?.state ?? "none"} aria-live="polite">
          {allSteps(current).map((step) => (
            <StepRow key={step.name} step={step} begun={current !== null} />
          ))}
        </ol>
      </div>
    </section>
  );
}

function Outcome({ of }: { of: Deployment | null }) {
  const url = (of && isOver(of) ? of.url : null) ?? app.value?.url;
  if (of?.state === "failed") {
    const step = of.steps.find(({ state }) => state === "failed");
    return (
      <div class="outcome bad" role="alert">
        <h3>
          {step ? t("deploy.failed", { step: t(`deploy.step.${step.name}`) }) : t("deploy.failedPlain")}
        </h3>
        <div class="outcome-actions">
          <GoBack key={of.id} />
          {app.value?.url && <MapButton />}
        </div>
      </div>
    );
  }
  if (of?.state === "cancelled") return <p class="outcome">{t("deploy.cancelled")}</p>;
  if (running.value || !url) return null;
  if (app.value?.stopped) {
    return (
      <div class="outcome" data-testid="app-stopped">
        <h3>{t("app.power.isStopped")}</h3>
        <p class="app-url">{url}</p>
        <div class="outcome-actions">
          <Power />
          <MapButton />
        </div>
      </div>
    );
  }
  return (
    <div class="outcome good">
      <h3>{of?.state === "succeeded" ? t("deploy.succeeded") : t("deploy.app")}</h3>
      <AppLink url={url} />
    </div>
  );
}

function AppLink({ url }: { url: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <>
      <a class="app-url" href={url} target="_blank" rel="noreferrer" data-testid="deploy-url">
        {url}
      </a>
      <div class="outcome-actions">
        <a class="button primary" href={url} target="_blank" rel="noreferrer">
          <Icon name="link" />
          {t("deploy.open")}
        </a>
        <button
          type="button"
          class="button"
          onClick={() => {
            copyText(url)
              .then(() => setCopied(true))
              .catch(sayError);
          }}
        >
          <Icon name={copied ? "check" : "copy"} />
          <span role="status">{copied ? t("deploy.copied") : t("deploy.copy")}</span>
        </button>
        <QrButton url={url} />
        <MapButton />
      </div>
    </>
  );
}

function MapButton() {
  return (
    <button type="button" class="button" data-testid="appmap-open" onClick={showAppMap}>
      <Icon name="branch" />
      {t("appmap.open")}
    </button>
  );
}

function StepRow({ step, begun }: { step: Step; begun: boolean }) {
  const mark = MARKS[step.state];
  const seconds = stepSeconds(step, step.state === "running" ? now.value : 0);
  return (
    <li class={`step ${step.state}`} data-step={step.name} data-state={step.state}>
      <span class="step-mark" aria-hidden="true">
        {mark && <Icon name={mark} />}
      </span>
      <div class="step-body">
        <div class="step-head">
          <strong>{t(`deploy.step.${step.name}`)}</strong>
          {begun && <span class="step-state">{t(`deploy.state.${step.state}`)}</span>}
          {seconds !== null && <span class="step-time">{t("workspace.seconds", { seconds })}</span>}
        </div>
        <p class="step-detail">
          <Words of={step.detail || t(`deploy.hint.${step.name}`)} />
        </p>
        <Explanation of={step.name} />
        {step.fix && (
          <p class="step-fix">
            <strong>{t("deploy.fix")}</strong> <Words of={step.fix} />
          </p>
        )}
        <Findings of={step.diagnostics ?? []} />
        {step.builds?.map((build) => (
          <BuildLog
            key={build.id}
            build={build}
            live={step.state === "running" || build.state === "failed"}
          />
        ))}
      </div>
    </li>
  );
}

/** What the step is for, to be learnt once and folded away. */
function Explanation({ of }: { of: StepName }) {
  return (
    <details
      class="step-why"
      open={unfolded.value[of]}
      onToggle={(event) => unfold(of, event.currentTarget.open)}
    >
      <summary>{t("deploy.why")}</summary>
      <p>
        <Words of={t(`deploy.why.${of}`)} />
      </p>
    </details>
  );
}
