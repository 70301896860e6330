/** The terminals as tabs, and what can be done with them; in the bar of the pane that they are in. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { hintOf } from "../actions/registry";
import { IconButton } from "../app/IconButton";
import { Icon } from "../app/icons";
import { tabKeys } from "../app/tabs";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { badgeOf, detailOf, labelOf } from "./labels";
import { ProfileMenu } from "./ProfileMenu";
import { activeId, closeTerminal, newTerminal, renameTab, splits, type Tab, tabs } from "./state";

/** The terminal whose name is being written. */
export const renaming = signal<string | null>(null);

/** The agent numbers terminals that nobody named. */
const nameOf = (tab: Tab): string =>
  labelOf(tab, tab.session.status.value) ?? t("terminal.name", { number: tab.name ?? tab.number });

export function TerminalBar() {
  const splitKeys = hintOf("terminal.split");
  return (
    <>
      <div class="tabs" role="tablist" aria-label={t("terminal.tabs")} onKeyDown={tabKeys}>
        {tabs.value.map((tab) => (
          <TabHead key={tab.id} tab={tab} />
        ))}
      </div>
      <IconButton icon="plus" label={t("terminal.new")} onClick={() => newTerminal().catch(sayError)} />
      <ProfileMenu />
      <IconButton
        class="wide-only"
        icon="split"
        title={splitKeys ? `${t("terminal.split")} (${splitKeys})` : t("terminal.split")}
        label={t("terminal.split")}
        data-testid="terminal-split"
        onClick={() => newTerminal({ split: true }).catch(sayError)}
      />
      <span class="spacer" />
    </>
  );
}

/** Whether the tab before, or after, is seen beside this one. */
function joinOf(id: string): string | undefined {
  const ids = splits.value.find((each) => each.includes(id)) ?? [];
  if (ids.length < 2) return undefined;
  if (ids[0] === id) return "first";
  return ids.at(-1) === id ? "last" : "middle";
}

function TabHead({ tab }: { tab: Tab }) {
  const name = nameOf(tab);
  const selected = activeId.value === tab.id;
  const [status, state] = [tab.session.status.value, tab.session.state.value];
  const ended = state.name === "ended" ? state.code : null;
  const badge = badgeOf(status, ended);
  if (renaming.value === tab.id) return <NameField tab={tab} name={name} />;
  return (
    <div class={selected ? "tab selected" : "tab"} data-ended={ended !== null} data-join={joinOf(tab.id)}>
      <button
        type="button"
        class="tab-label"
        role="tab"
        id={`terminal-tab-${tab.id}`}
        aria-selected={selected}
        title={detailOf(status)}
        aria-controls={selected ? `terminal-${tab.id}` : undefined}
        tabIndex={selected ? 0 : -1}
        aria-keyshortcuts="Delete F2"
        onKeyDown={(event) => {
          if (event.key === "Delete") closeTerminal(tab.id).catch(sayError);
          if (event.key === "F2") renaming.value = tab.id;
        }}
        onClick={() => {
          activeId.value = tab.id;
          tab.session.focus();
        }}
        onDblClick={() => {
          renaming.value = tab.id;
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

/** Enter and leaving it take the name, Escape does not. */
function NameField({ tab, name }: { tab: Tab; name: string }) {
  const field = useRef<HTMLInputElement>(null);
  const left = useRef(false);
  useEffect(() => field.current?.select(), []);
  const end = (takes: boolean) => {
    if (left.current) return;
    left.current = true;
    renaming.value = null;
    const text = field.current?.value.trim() ?? "";
    if (takes && text !== "" && text !== name) renameTab(tab.id, text).catch(sayError);
    tab.session.focus();
  };
  return (
    <input
      ref={field}
      class="field tab-rename"
      aria-label={t("terminal.rename")}
      data-testid="terminal-rename"
      maxLength={60}
      defaultValue={name}
      onBlur={() => end(true)}
      onKeyDown={(event) => {
        if (event.isComposing) return;
        if (event.key === "Enter") end(true);
        if (event.key === "Escape") end(false);
      }}
    />
  );
}
