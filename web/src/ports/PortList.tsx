import { Icon } from "../app/icons";
import { t } from "../i18n";
import { ports } from "./state";
import "./ports.css";

/** A link for each open port, to its preview. */
export function PortList() {
  if (ports.value.length === 0) return null;
  return (
    <ul class="ports" aria-label={t("ports.title")}>
      {ports.value.map(({ port, process, url }) => {
        const label = t("ports.open", { port, process: process ?? t("ports.unknown") });
        return (
          <li key={port}>
            <a href={url} target="_blank" rel="noreferrer" title={label} aria-label={label}>
              :{port}
              <Icon name="link" />
            </a>
          </li>
        );
      })}
    </ul>
  );
}
