/** The picture of the application, in a tab of the editor. */
import { signal } from "@preact/signals";
import { later } from "../app/later";
import { pane } from "../app/layout";
import type { SecretKey } from "../deploy/secret";
import { openPanel } from "../editor/state";
import { t } from "../i18n";

export const TABS = ["logs", "requests", "events", "usage", "secrets", "history"] as const;

/** Which of them is shown below the picture. */
export const tab = signal<(typeof TABS)[number]>("logs");
/** What the form of the Secrets is to be opened with. */
export const secretAsked = signal<SecretKey | null>(null);

const AppMapView = later(() => import("./AppMap").then((module) => module.AppMapView));

export function showAppMap(): void {
  pane.value = "editor";
  openPanel("app", {
    title: () => t("appmap.title"),
    icon: "rocket",
    render: () => <AppMapView key="app" />,
  });
}

export function showAppTab(which: (typeof TABS)[number]): void {
  tab.value = which;
  showAppMap();
}

export function enterSecret(wanted: SecretKey): void {
  secretAsked.value = wanted;
  showAppTab("secrets");
}
