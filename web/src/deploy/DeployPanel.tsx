/** What Deploy does, step by step as it does it, and the address at the end. */
import { useState } from "preact/hooks";
import type { Deployment, Step } from "../api/types";
import { copyText } from "../app/clipboard";
import { Icon, type IconName } from "../app/icons";
import { showDeploy } from "../app/layout";
import { sayError } from "../app/toast";
import { showAppMap } from "../appmap/open";
import { t } from "../i18n";
import { BuildLog } from "./BuildLog";
import { now } from "./clock";
import { DiagnosticRow } from "./DiagnosticRow";
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
        <button
          type="button"
          class="icon-button wide-only"
          title={t("deploy.hide")}
          aria-label={t("deploy.hide")}
          onClick={() => showDeploy(false)}
        >
          <Icon name="close" />
        </button>
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
      </div>
    );
  }
  if (of?.state === "cancelled") return <p class="outcome">{t("deploy.cancelled")}</p>;
  if (running.value || !url) return null;
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
        <button type="button" class="button" data-testid="appmap-open" onClick={showAppMap}>
          <Icon name="branch" />
          {t("appmap.open")}
        </button>
      </div>
    </>
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
        <p class="step-detail">{step.detail || t(`deploy.hint.${step.name}`)}</p>
        {step.fix && (
          <p class="step-fix">
            <strong>{t("deploy.fix")}</strong> {step.fix}
          </p>
        )}
        {step.diagnostics?.map((diagnostic, index) => (
          <DiagnosticRow key={`${diagnostic.code}-${index}`} diagnostic={diagnostic} />
        ))}
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
