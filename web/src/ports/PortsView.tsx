/** The ports at the side of the page: the same list that the terminal's button opens. */
import { t } from "../i18n";
import { Ports } from "./PortList";
import "./ports.css";

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
