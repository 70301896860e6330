import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../app/icons";
import { showTerminal } from "../app/layout";
import { tabKeys } from "../app/tabs";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { PortList } from "../ports/PortList";
import { activeId, activeTab, closeTerminal, newTerminal, type Tab, tabs } from "./state";
import "@xterm/xterm/css/xterm.css";
import "./terminal.css";

/** The agent numbers terminals that nobody named. */
const nameOf = (tab: Tab): string =>
  tab.name === null || /^\d+$/.test(tab.name)
    ? t("terminal.name", { number: tab.name ?? tab.number })
    : tab.name;

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
  return (
    <div class={selected ? "tab selected" : "tab"}>
      <button
        type="button"
        class="tab-label"
        role="tab"
        id={`terminal-tab-${tab.id}`}
        aria-selected={selected}
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
        {name}
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
  const message =
    state?.name === "waiting"
      ? t("terminal.reconnecting")
      : state?.name === "ended"
        ? t("terminal.exited", { code: state.code })
        : state?.name === "gone"
          ? t("terminal.gone")
          : "";
  return (
    <div
      id="terminal-panel"
      class="terminal-frame"
      role="tabpanel"
      aria-labelledby={tab ? `terminal-tab-${tab.id}` : undefined}
      data-testid="terminal"
      data-state={state?.name}
    >
      <div ref={frame} class="terminal-mount" />
      {message && (
        <p class="terminal-message" role="status">
          {message}
        </p>
      )}
      {!tab && <p class="terminal-none">{t("terminal.none")}</p>}
    </div>
  );
}
