/** Use against the quota, autoscalers with the last minutes, and load to see them at work. */
import { useState } from "preact/hooks";
import { type AppMap, type Autoscaler, type QuotaUse, startLoad, stopLoad } from "../api/appmap";
import { sayError } from "../app/toast";
import { app } from "../deploy/state";
import { t } from "../i18n";
import { Chart } from "./Chart";
import { load, look, samples } from "./state";

export function Usage({ of: { quota, autoscalers } }: { of: AppMap }) {
  return (
    <div class="appmap-usage">
      <section>
        <h3>{t("appmap.quota")}</h3>
        <p class="plan-note">{t("appmap.quotaNote")}</p>
        {quota.map((line) => (
          <QuotaBar key={line.resource} of={line} />
        ))}
      </section>
      <section>
        <h3>{t("appmap.scaling")}</h3>
        {autoscalers.length === 0 && <p class="plan-note">{t("appmap.noScaling")}</p>}
        {autoscalers.map((scaler) => (
          <Scaling key={scaler.name} of={scaler} />
        ))}
      </section>
      {app.value?.url && <LoadMaker />}
    </div>
  );
}

function QuotaBar({ of: { resource, used, hard, share } }: { of: QuotaUse }) {
  const level = share >= 1 ? "full" : share > 0.8 ? "high" : "";
  return (
    <div class="quota">
      <span>{resource}</span>
      <meter class={level} min={0} max={1} high={0.8} value={share} aria-label={resource} />
      <span class="plan-note">{t("appmap.of", { used, hard })}</span>
    </div>
  );
}

function Scaling({ of }: { of: Autoscaler }) {
  const { name, target, min, max, current, desired, load: now, wanted_load } = of;
  return (
    <div>
      <p>
        <strong>{name}</strong> → {target}: {t("appmap.scalingNow", { current, desired, min, max })}{" "}
        {now == null
          ? t("appmap.noMeasure")
          : t("appmap.scalingLoad", { load: now, wanted: wanted_load ?? 0 })}
      </p>
      <Chart samples={samples.value[name] ?? []} most={max} wanted={wanted_load} name={name} />
    </div>
  );
}

function LoadMaker() {
  const [rate, setRate] = useState(20);
  const [seconds, setSeconds] = useState(60);
  const now = load.value;
  const start = async () => {
    await startLoad(rate, seconds);
    await look();
  };
  const stop = async () => {
    await stopLoad();
    await look();
  };
  return (
    <section>
      <h3>{t("appmap.load")}</h3>
      <p class="plan-note">{t("appmap.loadNote")}</p>
      <div class="load-form">
        <label>
          {t("appmap.perSecond")}
          <input
            class="field"
            type="number"
            min={1}
            max={100}
            value={rate}
            onInput={({ currentTarget }) => setRate(currentTarget.valueAsNumber)}
          />
        </label>
        <label>
          {t("appmap.seconds")}
          <input
            class="field"
            type="number"
            min={1}
            max={120}
            value={seconds}
            onInput={({ currentTarget }) => setSeconds(currentTarget.valueAsNumber)}
          />
        </label>
        {now?.running ? (
          <button type="button" class="button" data-testid="load-stop" onClick={() => stop().catch(sayError)}>
            {t("appmap.loadStop")}
          </button>
        ) : (
          <button
            type="button"
            class="button primary"
            data-testid="load-start"
            onClick={() => start().catch(sayError)}
          >
            {t("appmap.loadStart")}
          </button>
        )}
      </div>
      {now && (
        <p role="status" data-testid="load-report">
          {t(now.running ? "appmap.loadRuns" : "appmap.loadDone", { sent: now.sent })}{" "}
          {Object.entries(now.statuses)
            .map(([status, count]) => `${status === "0" ? t("appmap.noAnswer") : status}: ${count}`)
            .join(", ")}
          {now.median_ms !== null &&
            ` · ${t("appmap.loadTimes", { median: now.median_ms, p95: now.p95_ms ?? now.median_ms })}`}
          {now.held_back > 0 && ` · ${t("appmap.heldBack", { count: now.held_back })}`}
        </p>
      )}
    </section>
  );
}
