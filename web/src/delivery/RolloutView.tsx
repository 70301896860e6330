/** Target state beside current state, what brings the one to the other, and the rollouts that were. */
import { useEffect } from "preact/hooks";
import type { App } from "../api/types";
import { lookAgain } from "../app/lookAgain";
import { sayError } from "../app/toast";
import { Drift } from "../appmap/Drift";
import { History } from "../appmap/History";
import { showAppMap } from "../appmap/open";
import { isOver, rollouts, watchRollouts } from "../appmap/rollouts";
import { Findings } from "../deploy/Findings";
import { app, refreshApp, running } from "../deploy/state";
import { type Key, t } from "../i18n";
import { when } from "../workspace/WorkspaceMenu";
import { cancelWaiting, doing, refresh, rollOut } from "./acts";
import { SourceLine } from "./SourceForm";
import { type Pair, pairs, relationOf } from "./states";
import { OnPush, TargetChanges } from "./TargetChanges";
import "../appmap/appmap.css";
import "./delivery.css";

const LOOK_MS = 3000;

export function RolloutView() {
  useEffect(() => {
    const ends = [lookAgain(refreshApp, () => LOOK_MS), watchRollouts()];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  const now = app.value;
  const away = now?.cluster_answers === false;
  return (
    <section class="delivery" aria-label={t("rollout.title")} data-testid="rollout-view">
      <header class="delivery-head">
        <h2>{t("rollout.title")}</h2>
        {now?.url && (
          <a href={now.url} target="_blank" rel="noreferrer">
            {now.url}
          </a>
        )}
        <span class="spacer" />
        <button type="button" class="button small" onClick={showAppMap}>
          {t("appmap.open")}
        </button>
      </header>
      <p class="delivery-note">{t("rollout.note")}</p>
      <SourceLine of={now} />
      <OnItsWay />
      <div class="states">
        <Target of={now} />
        <Current of={now} />
      </div>
      <Relation of={now} />
      <TargetChanges />
      <Drift />
      {away ? (
        <p class="delivery-note">{t("rollout.away")}</p>
      ) : (
        <Objects of={pairs(now?.target?.objects ?? [], now?.objects ?? [])} />
      )}
      <h3>{t("rollout.history")}</h3>
      <History />
    </section>
  );
}

function OnItsWay() {
  const newest = rollouts.value[0];
  if (!newest || isOver(newest)) return null;
  const { number, detail } = newest;
  return (
    <div class="on-its-way" data-testid="rollout-running">
      <p role="status">
        <strong>{t("rollout.running", { number })}</strong> {detail}
      </p>
      <button type="button" class="button small" onClick={() => cancelWaiting(newest).catch(sayError)}>
        {t("rollout.cancel")}
      </button>
    </div>
  );
}

const commitWords = (commit: string): string => t("builds.commit", { commit: commit.slice(0, 7) });

function Target({ of }: { of: App | null }) {
  const target = of?.target;
  const ready = target?.state === "ready";
  const busy = doing.value !== null || running.value || rollouts.value.some((each) => !isOver(each));
  return (
    <section
      class="state"
      aria-labelledby="rollout-target"
      data-testid="target"
      data-state={target?.state ?? "none"}
      data-commit={target?.commit}
    >
      <h3 id="rollout-target">{t("rollout.target")}</h3>
      {target ? (
        <>
          <p>
            <span class={ready ? "pill good" : "pill bad"}>
              {t(ready ? "rollout.ready" : "rollout.failed")}
            </span>{" "}
            {commitWords(target.commit)}
          </p>
          <p class="faint">
            {target.time && t("rollout.read", { time: when(target.time) })}
            {ready && ` · ${t("rollout.objectCount", { count: target.objects?.length ?? 0 })}`}
          </p>
          <Findings of={target.diagnostics ?? []} />
        </>
      ) : (
        <p class="delivery-note">{t("rollout.targetNone")}</p>
      )}
      <div class="state-buttons">
        <button
          type="button"
          class="button small"
          data-testid="rollout-refresh"
          disabled={busy}
          onClick={() => refresh().catch(sayError)}
        >
          {t("rollout.refresh")}
        </button>
        <button
          type="button"
          class="button small primary"
          data-testid="rollout-start"
          disabled={busy || !ready}
          onClick={() => rollOut().catch(sayError)}
        >
          {t("rollout.start")}
        </button>
      </div>
      <OnPush />
    </section>
  );
}

const HEALTH: Record<string, { tone: string; words: Key }> = {
  healthy: { tone: "good", words: "appmap.health.healthy" },
  paused: { tone: "busy", words: "appmap.health.paused" },
  progressing: { tone: "busy", words: "appmap.health.progressing" },
  degraded: { tone: "bad", words: "appmap.health.degraded" },
  failed: { tone: "bad", words: "rollout.failed" },
};

function Health({ of }: { of: string }) {
  const known = HEALTH[of];
  return known ? <span class={`pill ${known.tone}`}>{t(known.words)}</span> : null;
}

function Current({ of }: { of: App | null }) {
  const current = of?.current;
  return (
    <section
      class="state"
      aria-labelledby="rollout-current"
      data-testid="current"
      data-state={of?.health ?? "none"}
    >
      <h3 id="rollout-current">{t("rollout.current")}</h3>
      {current?.commit ? (
        <>
          <p>
            {of?.stopped ? (
              <span class="pill">{t("rollout.stopped")}</span>
            ) : (
              <Health of={of?.health ?? ""} />
            )}{" "}
            {commitWords(current.commit)}
          </p>
          <p class="faint">
            {current.number !== undefined && `${t("rollout.number", { number: current.number })} · `}
            {current.time && when(current.time)} ·{" "}
            {t("rollout.objectCount", { count: of?.objects?.length ?? 0 })}
          </p>
        </>
      ) : (
        <p class="delivery-note">{t("rollout.currentNone")}</p>
      )}
    </section>
  );
}

function Relation({ of }: { of: App | null }) {
  const relation = relationOf(of ?? {});
  if (relation === "unread") return null;
  const commit = (of?.target?.commit ?? "").slice(0, 7);
  return (
    <p class="relation" data-testid="relation" data-relation={relation}>
      {t(`rollout.relation.${relation}`, { commit })}
    </p>
  );
}

function Objects({ of }: { of: readonly Pair[] }) {
  if (of.length === 0) return null;
  return (
    <>
      <h3>{t("rollout.objects")}</h3>
      <table class="objects" data-testid="objects">
        <thead>
          <tr>
            <th scope="col">{t("rollout.object")}</th>
            <th scope="col">{t("rollout.inTarget")}</th>
            <th scope="col">{t("rollout.inCurrent")}</th>
          </tr>
        </thead>
        <tbody>
          {of.map(({ kind, name, what, current }) => (
            <tr key={`${kind}/${name}`} data-object={`${kind}/${name}`} data-what={what}>
              <th scope="row">
                <span class="faint">{kind}</span> {name}
              </th>
              <td>{t(what === "both" ? "rollout.asked" : `rollout.${what}`)}</td>
              <td>
                {current ? (
                  <>
                    <Health of={current.health} />{" "}
                    <span class="faint">
                      {current.wanted != null &&
                        t("appmap.ready", { ready: current.ready ?? 0, wanted: current.wanted })}
                      {current.health !== "healthy" && ` ${current.message}`}
                    </span>
                  </>
                ) : (
                  <span class="faint">{t("rollout.absent")}</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
