/** The five steps of the first hour: each says what it is for, leads to its place, and ticks itself. */
import { runById } from "../actions/registry";
import { Icon } from "../app/icons";
import { showDeploy, showPane, showTerminal, showView } from "../app/layout";
import { sayError } from "../app/toast";
import { Words } from "../app/Words";
import { app } from "../deploy/state";
import { openFile } from "../editor/state";
import { projectPath, reveal } from "../files/state";
import { t } from "../i18n";
import { activeTab } from "../terminal/state";
import { progress } from "./state";
import { STEPS, type Step } from "./steps";
import "./tour.css";

/** What the starter project greets with. */
const FILE = "web/index.html";
const GREETING = { line: 13, column: 1 };

/** Draws the eye to a place for a moment. */
function point(selector: string): void {
  requestAnimationFrame(() => {
    const place = document.querySelector<HTMLElement>(selector);
    if (!place) return;
    place.classList.add("pointed");
    place.addEventListener("animationend", () => place.classList.remove("pointed"), { once: true });
    if (place instanceof HTMLButtonElement) place.focus();
  });
}

const SHOW: Record<Step, () => void> = {
  edit: () => {
    const path = projectPath(FILE);
    showPane("editor");
    reveal(path)
      .then(() => openFile(path, GREETING))
      .catch(sayError);
  },
  run: () => {
    showTerminal(true);
    showPane("terminal");
    requestAnimationFrame(() => activeTab.peek()?.session.focus());
    point(".pane-terminal");
  },
  commit: () => {
    showView("scm");
    point(".pane-files");
  },
  build: () => {
    showDeploy(true);
    point('[data-step="build"]');
  },
  rollout: () => {
    showDeploy(true);
    point('[data-testid="deploy-button"]');
  },
};

export function FirstSteps() {
  const done = progress.value?.done ?? [];
  const next = STEPS.find((step) => !done.includes(step));
  const url = app.value?.url;
  return (
    <section class="tour" aria-label={t("tour.title")} data-testid="tour">
      <h2>{t("tour.title")}</h2>
      <p class="tour-lead">{next ? t("tour.lead") : t("tour.over")}</p>
      <ol>
        {STEPS.map((step, index) => {
          const isDone = done.includes(step);
          return (
            <li key={step} class={step === next ? "next" : ""} data-tour={step} data-done={isDone}>
              <span class="tour-mark" aria-hidden="true">
                {isDone ? <Icon name="check" /> : index + 1}
              </span>
              <div>
                <strong>{t(`tour.${step}`)}</strong>
                {isDone && <span class="visually-hidden">{t("tour.done")}</span>}
                <p>
                  <Words of={t(`tour.${step}.text`)} />
                </p>
              </div>
              <button
                type="button"
                class={step === next ? "button small primary" : "button small"}
                aria-label={t("tour.showOf", { step: t(`tour.${step}`) })}
                onClick={SHOW[step]}
              >
                {t("tour.show")}
              </button>
            </li>
          );
        })}
      </ol>
      {!next && url && (
        <a class="button primary" href={url} target="_blank" rel="noreferrer">
          {t("deploy.open")}
        </a>
      )}
      <div class="tour-end">
        <button type="button" class="button small" onClick={() => runById("app.keys")}>
          {t("keys.title")}
        </button>
        {!progress.value?.hidden && (
          <button type="button" class="button small" onClick={() => runById("tour.hide")}>
            {t("tour.hide")}
          </button>
        )}
      </div>
    </section>
  );
}
