/** A button that says how many ports are open; behind it the list, where they are opened and shared. */
import { useRef } from "preact/hooks";
import { Icon } from "../app/icons";
import { t } from "../i18n";
import { PortRow } from "./PortRow";
import { ports } from "./state";
import "./ports.css";

const TRY = "python3 -m http.server 8000";

export function PortList() {
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const count = ports.value.length;
  return (
    <>
      <button
        ref={button}
        type="button"
        class={count > 0 ? "ports-button some" : "ports-button"}
        popovertarget="ports-panel"
        aria-label={t("ports.count", { count })}
        title={t("ports.count", { count })}
        data-testid="ports-button"
      >
        <Icon name="plug" />
        {t("ports.title")}
        {count > 0 && <span class="ports-count">{count}</span>}
      </button>
      <div
        ref={panel}
        id="ports-panel"
        class="ports-panel"
        popover="auto"
        role="dialog"
        aria-labelledby="ports-title"
        data-testid="ports-panel"
        onBeforeToggle={() => place(panel.current, button.current)}
      >
        <header>
          <h2 id="ports-title">{t("ports.title")}</h2>
          <button
            type="button"
            class="icon-button"
            popovertarget="ports-panel"
            popovertargetaction="hide"
            aria-label={t("app.close")}
          >
            <Icon name="close" />
          </button>
        </header>
        <Ports />
      </div>
    </>
  );
}

/** What is open, or how to open something. */
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
      <p class="faint">{t("ports.lead")}</p>
      <ul>
        {ports.value.map((port) => (
          <PortRow key={port.port} port={port} />
        ))}
      </ul>
    </>
  );
}

/** Above the button, or below it where there is more room; on a phone the style sheet has the last word. */
function place(panel: HTMLElement | null, button: HTMLElement | null): void {
  if (!panel || !button) return;
  const { top, bottom, right } = button.getBoundingClientRect();
  const above = top > innerHeight - bottom;
  const style = panel.style;
  style.setProperty("--ports-right", `${Math.max(8, innerWidth - right)}px`);
  style.setProperty("--ports-bottom", above ? `${innerHeight - top + 6}px` : "auto");
  style.setProperty("--ports-top", above ? "auto" : `${bottom + 6}px`);
  style.setProperty("--ports-room", `${(above ? top : innerHeight - bottom) - 16}px`);
}
