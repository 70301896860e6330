/** The page of the application: its picture, what is selected in it, and below what pods write, do and use. */
import { useEffect } from "preact/hooks";
import { tabKeys } from "../app/tabs";
import { Power } from "../deploy/Power";
import { app, refreshApp } from "../deploy/state";
import { type Key, t } from "../i18n";
import { Details } from "./Details";
import { Drift } from "./Drift";
import { Events } from "./Events";
import { History } from "./History";
import { Logs } from "./Logs";
import { TABS, tab } from "./open";
import { Picture } from "./Picture";
import { Requests } from "./Requests";
import { watchRollouts } from "./rollouts";
import { Secrets } from "./Secrets";
import { look, map, trouble, watchMap } from "./state";
import { Usage } from "./Usage";
import "./appmap.css";

/** Secrets are entered before anything can run. */
const EMPTY_TABS = ["secrets"] as const;

export function AppMapView() {
  useEffect(() => {
    void refreshApp().catch(() => undefined);
    const ends = [watchMap(), watchRollouts()];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  const now = map.value;
  const runs = now !== null && now.nodes.length + now.pods.length > 0;
  const shown = runs ? tab.value : "secrets";
  const url = app.value?.url;
  return (
    <section class="appmap" aria-label={t("appmap.title")} data-testid="appmap">
      <header class="appmap-head">
        <h2>{t("appmap.title")}</h2>
        {url && (
          <a class="app-url" href={url} target="_blank" rel="noreferrer">
            {url}
          </a>
        )}
        <Power after={look} />
      </header>
      {trouble.value !== null && (
        <p class="diagnostic" role="alert">
          {trouble.value}
        </p>
      )}
      {!now && trouble.value === null && <p role="status">{t("app.loading")}</p>}
      {now && !runs && <p class="appmap-empty">{t("appmap.empty")}</p>}
      {runs && (
        <>
          <Drift />
          <Picture of={now} />
          <Details />
        </>
      )}
      {now && (
        <>
          <div class="appmap-tabs" role="tablist" aria-label={t("appmap.more")} onKeyDown={tabKeys}>
            {(runs ? TABS : EMPTY_TABS).map((each) => (
              <button
                type="button"
                role="tab"
                key={each}
                id={`appmap-tab-${each}`}
                aria-selected={shown === each}
                aria-controls="appmap-tab"
                tabIndex={shown === each ? 0 : -1}
                onClick={() => {
                  tab.value = each;
                }}
              >
                {t(`appmap.tab.${each}` as Key)}
              </button>
            ))}
          </div>
          <div id="appmap-tab" role="tabpanel" aria-labelledby={`appmap-tab-${shown}`} class="appmap-tab">
            {shown === "logs" && <Logs pods={now.pods} />}
            {shown === "requests" && <Requests />}
            {shown === "events" && <Events of={now.events} />}
            {shown === "usage" && <Usage of={now} />}
            {shown === "secrets" && <Secrets />}
            {shown === "history" && <History />}
          </div>
        </>
      )}
    </section>
  );
}
