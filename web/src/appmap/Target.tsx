/** What git asks for: how it was read, what is wrong with it, and what a rollout of it would change. */
import { useEffect } from "preact/hooks";
import type { Target } from "../api/target";
import { sayError } from "../app/toast";
import { Findings } from "../deploy/Findings";
import { PlannedObjects } from "../deploy/plan/PlannedObjects";
import { app } from "../deploy/state";
import { lang, t } from "../i18n";
import { followPushes, refresh, refreshing, target, trouble, watchTarget } from "./target";

export function TargetState() {
  useEffect(watchTarget, []);
  const now = target.value;
  return (
    <div class="target" data-testid="target">
      <p class="plan-note">{t("target.intro")}</p>
      <div class="outcome-actions">
        <button
          type="button"
          class="button small"
          data-testid="target-refresh"
          disabled={refreshing.value}
          onClick={() => refresh().catch(sayError)}
        >
          {t(refreshing.value ? "target.refreshing" : "target.refresh")}
        </button>
        {now && (
          <span data-testid="target-commit" data-commit={now.commit} data-state={now.state}>
            <span class={`pill ${now.state === "ready" ? "good" : "bad"}`}>{t(`target.${now.state}`)}</span>{" "}
            {t("target.commit", {
              commit: now.commit.slice(0, 7),
              time: new Date(now.time).toLocaleString(lang.value, {
                dateStyle: "medium",
                timeStyle: "short",
              }),
            })}
          </span>
        )}
      </div>
      <label class="target-switch">
        <input
          type="checkbox"
          data-testid="target-on-push"
          aria-describedby="target-on-push-note"
          checked={app.value?.refresh_on_push === true}
          onChange={(event) => {
            const box = event.currentTarget;
            followPushes(box.checked).catch((error) => {
              box.checked = app.peek()?.refresh_on_push === true;
              sayError(error);
            });
          }}
        />
        {t("target.onPush")}
      </label>
      <p class="plan-note" id="target-on-push-note">
        {t("target.onPushNote")}
      </p>
      {trouble.value !== null && (
        <p class="diagnostic" role="alert">
          {trouble.value}
        </p>
      )}
      {now === undefined && trouble.value === null && <p role="status">{t("app.loading")}</p>}
      {now === null && <p class="appmap-empty">{t("target.none")}</p>}
      {now && <Content of={now} />}
    </div>
  );
}

function Content({ of: { state, diagnostics, diff, compared } }: { of: Target }) {
  if (state === "failed" || diff === null)
    return (
      <>
        <p role="status">{t("target.mend")}</p>
        <Findings of={diagnostics} />
      </>
    );
  const still = compared && diff.every(({ change }) => change === "same");
  return (
    <section>
      <h3>{t("target.diff")}</h3>
      {still && (
        <p role="status" data-testid="target-same">
          {t("target.same")}
        </p>
      )}
      {!compared && <p class="plan-note">{t("target.notCompared")}</p>}
      {!still && <PlannedObjects of={diff} />}
      <Findings of={diagnostics} />
    </section>
  );
}
