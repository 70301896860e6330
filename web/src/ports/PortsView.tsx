/** The ports at the side of the page. */
import { t } from "../i18n";
import { Ports } from "./Ports";

export function PortsView() {
  return (
    <section class="ports-view" aria-label={t("ports.title")}>
      <header class="pane-head">
        <h2>{t("ports.title")}</h2>
      </header>
      <div class="side-body">
        <Ports />
      </div>
    </section>
  );
}
