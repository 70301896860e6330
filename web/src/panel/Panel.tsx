/** The pane below the editor: terminals, what is wrong, what programs said, and ports; one of them is seen. */

import { countWords } from "../app/count";
import { IconButton } from "../app/IconButton";
import { Icon, type IconName } from "../app/icons";
import { later } from "../app/later";
import { type PanelView, showPanel, showTerminal, sizes } from "../app/layout";
import { tabKeys } from "../app/tabs";
import { type Key, t } from "../i18n";
import { ports } from "../ports/state";
import { problemCount } from "../problems/state";
import { Screens } from "../terminal/Screens";
import { TerminalBar } from "../terminal/TerminalBar";
import "./panel.css";

interface View {
  id: PanelView;
  title: Key;
  icon: IconName;
  count?: () => number;
}

const VIEWS: readonly View[] = [
  { id: "terminal", title: "terminal.title", icon: "terminal" },
  { id: "problems", title: "problems.title", icon: "warning", count: () => problemCount.value },
  { id: "output", title: "output.title", icon: "file" },
  { id: "ports", title: "ports.title", icon: "plug", count: () => ports.value.length },
];

const Problems = later(() => import("../problems/ProblemsView").then((module) => module.ProblemsView));
const Output = later(() => import("../output/OutputView").then((module) => module.OutputView));
const Ports = later(() => import("../ports/PortsPanel").then((module) => module.PortsPanel));

export function Panel() {
  const shown = sizes.value.panel;
  return (
    <section class="terminal" aria-label={t("panel.title")}>
      <header class="tabs-bar">
        <div class="panel-views" role="tablist" aria-label={t("panel.title")} onKeyDown={tabKeys}>
          {VIEWS.map((view) => (
            <ViewTab key={view.id} view={view} selected={view.id === shown} />
          ))}
        </div>
        {shown === "terminal" ? <TerminalBar /> : <span class="spacer" />}
        <IconButton
          class="wide-only"
          icon="down"
          label={t("panel.hide")}
          onClick={() => showTerminal(false)}
        />
      </header>
      {/* Terminals stay in the page: they go on while another view is seen. */}
      <div
        class="panel-body"
        role="tabpanel"
        id="panel-terminal"
        aria-labelledby="panel-tab-terminal"
        hidden={shown !== "terminal"}
      >
        <Screens />
      </div>
      {shown !== "terminal" && (
        <div class="panel-body" role="tabpanel" id={`panel-${shown}`} aria-labelledby={`panel-tab-${shown}`}>
          {shown === "problems" && <Problems />}
          {shown === "output" && <Output />}
          {shown === "ports" && <Ports />}
        </div>
      )}
    </section>
  );
}

function ViewTab({ view, selected }: { view: View; selected: boolean }) {
  const count = view.count?.() ?? 0;
  const title = t(view.title);
  return (
    <button
      type="button"
      class="panel-view"
      role="tab"
      id={`panel-tab-${view.id}`}
      data-testid={`panel-tab-${view.id}`}
      aria-selected={selected}
      aria-controls={selected ? `panel-${view.id}` : undefined}
      aria-label={count > 0 ? `${title} ${countWords(count)}` : title}
      title={title}
      tabIndex={selected ? 0 : -1}
      onClick={() => showPanel(view.id)}
    >
      <Icon name={view.icon} />
      <span class="panel-view-name">{title}</span>{" "}
      {count > 0 && <span class="panel-count">{countWords(count)}</span>}
    </button>
  );
}
