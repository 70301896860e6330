/** The picture of the application, in a tab of the editor. */
import { later } from "../app/later";
import { pane } from "../app/layout";
import { openPanel } from "../editor/state";
import { t } from "../i18n";

const AppMapView = later(() => import("./AppMap").then((module) => module.AppMapView));

export function showAppMap(): void {
  pane.value = "editor";
  openPanel("app", {
    title: () => t("appmap.title"),
    icon: "rocket",
    render: () => <AppMapView key="app" />,
  });
}
