/** What is open, or how to open something. */
import { t } from "../i18n";
import { PortRow } from "./PortRow";
import { ports } from "./state";
import "./ports.css";

const TRY = "python3 -m http.server 8000";

export function Ports() {
  if (ports.value.length === 0) {
    return (
      <div class="ports-none">
        <p>{t("ports.none")}</p>
        <p class="faint">{t("ports.noneHint")}</p>
        <code>{TRY}</code>
      </div>
    );
  }
  return (
    <>
      <p class="ports-lead faint">{t("ports.lead")}</p>
      <ul class="ports">
        {ports.value.map((port) => (
          <PortRow key={port.port} port={port} />
        ))}
      </ul>
    </>
  );
}
