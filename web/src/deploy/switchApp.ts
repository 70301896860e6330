import { setAppRuns } from "../api/deployments";
import { say } from "../app/toast";
import { t } from "../i18n";
import { refreshApp } from "./state";

/** Starts or stops the application, and says so; `after` is called once the cluster was told. */
export async function switchApp(on: boolean, after?: () => unknown): Promise<void> {
  await setAppRuns(on);
  say(t(on ? "app.power.started" : "app.power.stopped"), "good");
  await Promise.all([refreshApp(), after?.()]);
}
