/** The page of the application: its picture, what is selected in it, and below what pods write, do and use. */
import { useEffect, useState } from "preact/hooks";
import { tabKeys } from "../app/tabs";
import { app, refreshApp } from "../deploy/state";
import { type Key, t } from "../i18n";
import { Details } from "./Details";
import { Events } from "./Events";
import { Logs } from "./Logs";
import { Picture } from "./Picture";
import { map, trouble, watchMap } from "./state";
import { Usage } from "./Usage";
import "./appmap.css";

const TABS = ["logs", "events", "usage"] as const;
type Tab = (typeof TABS)[number];

export function AppMapView() {
  useEffect(() => {
    void refreshApp().catch(() => undefined);
    return watchMap();
  }, []);
  const [tab, setTab] = useState<Tab>("logs");
  const now = map.value;
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
      </header>
      {trouble.value !== null && (
        <p class="diagnostic" role="alert">
          {trouble.value}
        </p>
      )}
      {!now && trouble.value === null && <p role="status">{t("app.loading")}</p>}
      {now && now.nodes.length + now.pods.length === 0 && <p class="appmap-empty">{t("appmap.empty")}</p>}
      {now && now.nodes.length + now.pods.length > 0 && (
        <>
          <Picture of={now} />
          <Details />
          <div class="appmap-tabs" role="tablist" aria-label={t("appmap.more")} onKeyDown={tabKeys}>
            {TABS.map((each) => (
              <button
                type="button"
                role="tab"
                key={each}
                id={`appmap-tab-${each}`}
                aria-selected={tab === each}
                aria-controls="appmap-tab"
                tabIndex={tab === each ? 0 : -1}
                onClick={() => setTab(each)}
              >
                {t(`appmap.tab.${each}` as Key)}
              </button>
            ))}
          </div>
          <div id="appmap-tab" role="tabpanel" aria-labelledby={`appmap-tab-${tab}`} class="appmap-tab">
            {tab === "logs" && <Logs pods={now.pods} />}
            {tab === "events" && <Events of={now.events} />}
            {tab === "usage" && <Usage of={now} />}
          </div>
        </>
      )}
    </section>
  );
}
