/** The pages of the two services behind Deploy, each in a tab of the editor. */
import type { Action } from "../actions/registry";
import { again } from "../api/again";
import type { IconName } from "../app/icons";
import { later } from "../app/later";
import { pane } from "../app/layout";
import { openPanel } from "../editor/state";
import { type Key, t } from "../i18n";

const acts = () => again(() => import("./acts"));

const BuildsView = later(() => import("./BuildsView").then((module) => module.BuildsView));
const RolloutView = later(() => import("./RolloutView").then((module) => module.RolloutView));

interface DeliveryPage {
  id: string;
  title: Key;
  icon: IconName;
  open: () => void;
}

function pageOf(id: string, title: Key, icon: IconName, View: () => preact.JSX.Element): DeliveryPage {
  const open = () => {
    pane.value = "editor";
    openPanel(id, { title: () => t(title), icon, render: () => <View key={id} /> });
  };
  return { id, title, icon, open };
}

/** In the order in which a change passes them. */
export const DELIVERY = [
  pageOf("builds", "builds.title", "box", () => <BuildsView />),
  pageOf("rollout", "rollout.title", "layers", () => <RolloutView />),
] as const;

const group = "deploy.title";

export const deliveryActions: readonly Action[] = [
  ...DELIVERY.map(({ id, title, open }): Action => ({ id: `${id}.show`, title, group, run: open })),
  {
    id: "rollout.refresh",
    title: "rollout.refresh",
    group,
    run: () => acts().then(({ refresh }) => refresh()),
  },
  {
    id: "rollout.start",
    title: "rollout.start",
    group,
    run: () => acts().then(({ rollOut }) => rollOut()),
  },
  {
    id: "rollout.back",
    title: "rollout.back",
    group,
    run: () => acts().then(({ backToTheOneBefore }) => backToTheOneBefore()),
  },
];
