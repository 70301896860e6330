/** Rollouts that were, the newest first, with the way back to each; and the end of the application. */
import { useState } from "preact/hooks";
import { type Rollout, type RolloutChanges, readRollout, removeApp } from "../api/rollouts";
import { confirm } from "../app/confirm";
import { say, sayError } from "../app/toast";
import { PlannedObjects } from "../deploy/plan/PlannedObjects";
import { refreshApp } from "../deploy/state";
import { lang, t } from "../i18n";
import { askToGoBack, goingBack, isOver, lookAtRollouts, rollouts } from "./rollouts";
import { look } from "./state";

export function History() {
  const all = rollouts.value;
  const newest = all[0];
  return (
    <>
      {all.length === 0 && <p class="plan-note">{t("appmap.noRollouts")}</p>}
      <ul class="rollouts">
        {all.map((rollout) => (
          <RolloutRow key={rollout.id} of={rollout} current={rollout === newest} all={all} />
        ))}
      </ul>
      {all.length > 0 && <Removal />}
    </>
  );
}

const knownState = (state: string): "healthy" | "failed" | "cancelled" | "running" =>
  state === "healthy" || state === "failed" || state === "cancelled" ? state : "running";

function RolloutRow({ of, current, all }: { of: Rollout; current: boolean; all: readonly Rollout[] }) {
  const { number, commit, origin, by, detail, time } = of;
  const state = knownState(of.state);
  const from = all.find(({ id }) => id === origin)?.number;
  return (
    <li class={state} data-testid="rollout" data-number={number} data-state={of.state}>
      <span class="rollout-number">#{number}</span>
      <div>
        <strong>{t(`appmap.rollout.${state}`)}</strong>{" "}
        <span class="plan-note">
          {t("appmap.rolloutOf", { commit: commit.slice(0, 7) })}
          {by !== null && ` · ${t("history.by", { who: by })}`}
          {from !== undefined && ` · ${t("appmap.rolloutBack", { number: from })}`}
          {" · "}
          <time dateTime={time}>
            {new Date(time).toLocaleString(lang.value, { dateStyle: "medium", timeStyle: "short" })}
          </time>
        </span>
        {state !== "healthy" && <p class="plan-note">{detail}</p>}
        <Changes of={of} />
      </div>
      {!current && isOver(of) && of.state !== "failed" && (
        <button
          type="button"
          class="button small"
          data-testid="rollout-back"
          aria-label={t("appmap.backTo", { number })}
          disabled={goingBack.value !== null}
          onClick={() => askToGoBack(of).catch(sayError)}
        >
          {goingBack.value === number ? t("appmap.goingBack", { number }) : t("appmap.back")}
        </button>
      )}
    </li>
  );
}

/** What it changed against the one before, read when somebody wants to know. */
function Changes({ of: { id } }: { of: Rollout }) {
  const [diff, setDiff] = useState<RolloutChanges["diff"] | null>(null);
  const read = async () => setDiff((await readRollout(id)).diff);
  return (
    <details
      data-testid="rollout-changes"
      onToggle={(event) => {
        if (event.currentTarget.open && diff === null) read().catch(sayError);
      }}
    >
      <summary class="plan-note">{t("history.changes")}</summary>
      {diff === null ? (
        <p role="status">{t("app.loading")}</p>
      ) : (
        <>
          <p class="plan-note">{wordsOf(diff)}</p>
          <PlannedObjects of={diff.objects} />
        </>
      )}
    </details>
  );
}

function wordsOf({ against, objects }: RolloutChanges["diff"]): string {
  if (against === null) return t("history.first");
  const still = objects.every(({ change }) => change === "same");
  return t(still ? "history.nothing" : "history.against", { number: against });
}

function Removal() {
  const remove = async (withData: boolean) => {
    const yes = await confirm(
      t("appmap.removeAsk"),
      t(withData ? "appmap.removeAllText" : "appmap.removeText"),
      t(withData ? "appmap.removeAll" : "appmap.remove"),
    );
    if (!yes) return;
    await removeApp(withData);
    say(t(withData ? "appmap.removedAll" : "appmap.removed"), "good");
    await Promise.all([refreshApp(), look(), lookAtRollouts()]);
  };
  return (
    <section class="outcome-actions">
      <button
        type="button"
        class="button small danger"
        data-testid="app-remove"
        onClick={() => remove(false).catch(sayError)}
      >
        {t("appmap.remove")}
      </button>
      <button
        type="button"
        class="button small danger"
        data-testid="app-remove-all"
        onClick={() => remove(true).catch(sayError)}
      >
        {t("appmap.removeAll")}
      </button>
    </section>
  );
}
