/** What a rollout of the target state would change now, and whether a push brings the next target state by itself. */
import { useEffect } from "preact/hooks";
import { sayError } from "../app/toast";
import { PlannedObjects } from "../deploy/plan/PlannedObjects";
import { app } from "../deploy/state";
import { t } from "../i18n";
import { isElsewhere } from "./source";
import { followPushes, target, trouble, watchTarget } from "./target";

export function OnPush() {
  const elsewhere = isElsewhere(app.value?.source);
  return (
    <>
      <label class="target-switch">
        <input
          type="checkbox"
          data-testid="target-on-push"
          aria-describedby="target-on-push-note"
          disabled={elsewhere}
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
      <p class="faint" id="target-on-push-note">
        {t(elsewhere ? "source.noPushes" : "target.onPushNote")}
      </p>
    </>
  );
}

/** Nothing where it cannot be rolled out: the findings beside it say why. */
export function TargetChanges() {
  useEffect(watchTarget, []);
  if (trouble.value !== null)
    return (
      <p class="diagnostic" role="alert">
        {trouble.value}
      </p>
    );
  const { diff, compared } = target.value ?? {};
  if (!diff) return null;
  const still = compared && diff.every(({ change }) => change === "same");
  return (
    <section class="target-changes" data-testid="target-changes">
      <h3>{t("target.diff")}</h3>
      {still && (
        <p role="status" data-testid="target-same">
          {t("target.same")}
        </p>
      )}
      {!compared && <p class="plan-note">{t("target.notCompared")}</p>}
      {!still && <PlannedObjects of={diff} />}
    </section>
  );
}
