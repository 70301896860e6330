/** Deploy, and what can be done with the application that came of it. */
import type { Action } from "../actions/registry";
import { showDeploy, sizes } from "../app/layout";
import { showAppMap, showAppTab } from "../appmap/open";
import { ready } from "../workspace/state";
import { app, cancel, deploy, running } from "./state";
import { switchApp } from "./switchApp";

const runs = (): boolean => Boolean(app.value?.current?.id) && !running.value;
const stopped = (): boolean => app.value?.stopped === true;

const group = "deploy.title";

export const deployActions: readonly Action[] = [
  {
    id: "deploy.run",
    title: "deploy.button",
    group,
    keys: ["Ctrl+Shift+Enter"],
    run: () => {
      showDeploy(true);
      return deploy();
    },
    when: () => ready.value && !running.value,
    overTerminal: true,
  },
  { id: "deploy.cancel", title: "action.cancelDeploy", group, run: cancel, when: () => running.value },
  {
    id: "deploy.show",
    title: "action.toggleDeploy",
    group,
    run: () => showDeploy(!sizes.peek().deployOpen),
  },
  {
    id: "app.open",
    title: "deploy.open",
    group,
    run: () => void window.open(app.peek()?.url ?? "", "_blank", "noopener"),
    when: () => Boolean(app.value?.url),
  },
  { id: "app.map", title: "appmap.open", group, run: showAppMap, when: () => ready.value },
  { id: "app.logs", title: "action.appLogs", group, run: () => showAppTab("logs"), when: runs },
  { id: "app.events", title: "action.appEvents", group, run: () => showAppTab("events"), when: runs },
  { id: "app.usage", title: "action.appUsage", group, run: () => showAppTab("usage"), when: runs },
  { id: "app.secrets", title: "action.appSecrets", group, run: () => showAppTab("secrets") },
  {
    id: "app.stop",
    title: "action.stopApp",
    group,
    run: () => switchApp(false),
    when: () => runs() && !stopped(),
  },
  {
    id: "app.start",
    title: "action.startApp",
    group,
    run: () => switchApp(true),
    when: () => runs() && stopped(),
  },
];
