import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../app/icons";
import { showTerminal } from "../app/layout";
import { tabKeys } from "../app/tabs";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { PortList } from "../ports/PortList";
import { FindBar } from "./FindBar";
import { badgeOf, detailOf, labelOf } from "./labels";
import { activeId, activeTab, closeTerminal, newTerminal, replaceTerminal, type Tab, tabs } from "./state";
import "@xterm/xterm/css/xterm.css";
import "./terminal.css";

/** The agent numbers terminals that nobody named. */
const nameOf = (tab: Tab): string =>
  labelOf(tab, tab.session.status.value) ?? t("terminal.name", { number: tab.name ?? tab.number });

export function TerminalPanel() {
  return (
    <section class="terminal" aria-label={t("terminal.title")}>
      <header class="tabs-bar">
        <div class="tabs" role="tablist" aria-label={t("terminal.tabs")} onKeyDown={tabKeys}>
          {tabs.value.map((tab) => (
            <TabHead key={tab.id} tab={tab} />
          ))}
        </div>
        <button
          type="button"
          class="icon-button"
          title={t("terminal.new")}
          aria-label={t("terminal.new")}
          onClick={() => newTerminal().catch(sayError)}
        >
          <Icon name="plus" />
        </button>
        <span class="spacer" />
        <PortList />
        <button
          type="button"
          class="icon-button wide-only"
          title={`${t("terminal.hide")} (Ctrl+\`)`}
          aria-label={t("terminal.hide")}
          onClick={() => showTerminal(false)}
        >
          <Icon name="down" />
        </button>
      </header>
      <Screen />
    </section>
  );
}

function TabHead({ tab }: { tab: Tab }) {
  const name = nameOf(tab);
  const selected = activeId.value === tab.id;
  const [status, state] = [tab.session.status.value, tab.session.state.value];
  const ended = state.name === "ended" ? state.code : null;
  const badge = badgeOf(status, ended);
  return (
    <div class={selected ? "tab selected" : "tab"} data-ended={ended !== null}>
      <button
        type="button"
        class="tab-label"
        role="tab"
        id={`terminal-tab-${tab.id}`}
        aria-selected={selected}
        title={detailOf(status)}
        aria-controls="terminal-panel"
        tabIndex={selected ? 0 : -1}
        aria-keyshortcuts="Delete"
        onKeyDown={(event) => event.key === "Delete" && closeTerminal(tab.id).catch(sayError)}
        onClick={() => {
          activeId.value = tab.id;
          tab.session.focus();
        }}
      >
        <Icon name="terminal" />
        <span class="tab-name">{name}</span>
        {badge !== null && (
          <span
            class={badge === 0 ? "terminal-code" : "terminal-code failed"}
            title={t(ended === null ? "terminal.lastExit" : "terminal.exited", { code: badge })}
          >
            {badge}
          </span>
        )}
      </button>
      <button
        type="button"
        class="icon-button tab-close"
        tabIndex={-1}
        aria-hidden="true"
        title={t("terminal.close", { name })}
        onClick={() => closeTerminal(tab.id).catch(sayError)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

function Screen() {
  const tab = activeTab.value;
  const frame = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const parent = frame.current;
    if (!tab || !parent) return;
    tab.session.mount(parent);
    const observer = new ResizeObserver(() => tab.session.fit());
    observer.observe(parent);
    return () => {
      observer.disconnect();
      tab.session.unmount();
    };
  }, [tab]);

  const state = tab?.session.state.value;
  return (
    <div
      id="terminal-panel"
      class="terminal-frame"
      role="tabpanel"
      aria-labelledby={tab ? `terminal-tab-${tab.id}` : undefined}
      data-testid="terminal"
      data-state={state?.name}
      data-foreign={(tab?.session.foreign.value ?? null) !== null}
    >
      <div ref={frame} class="terminal-mount" />
      <FindBar />
      {tab && <Message tab={tab} />}
      {!tab && <p class="terminal-none">{t("terminal.none")}</p>}
    </div>
  );
}

function Message({ tab }: { tab: Tab }) {
  const { session } = tab;
  const [state, foreign] = [session.state.value, session.foreign.value];
  if (state.name === "ended" || state.name === "gone") {
    return (
      <p class="terminal-message" role="status">
        {state.name === "ended" ? t("terminal.exited", { code: state.code }) : t("terminal.gone")}
        <button type="button" class="terminal-again" onClick={() => replaceTerminal(tab.id).catch(sayError)}>
          {t("terminal.again")}
        </button>
      </p>
    );
  }
  const text = session.away.value
    ? t("terminal.reconnecting")
    : foreign
      ? t("terminal.foreign", { cols: foreign.cols, rows: foreign.rows })
      : "";
  return (
    text && (
      <p class={session.away.value ? "terminal-message" : "terminal-message quiet"} role="status">
        {text}
      </p>
    )
  );
}
