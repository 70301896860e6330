/** Above the panes: that the workspace will be stopped soon, and that it is to be used with care. */
import { signal } from "@preact/signals";
import { sayError } from "../app/toast";
import { now } from "../deploy/clock";
import { t } from "../i18n";
import { newTerminal } from "../terminal/state";
import { Biggest } from "./Biggest";
import { NoticeBanner, notice } from "./NoticeBanner";
import { keepAwake, ready, workspace } from "./state";

export function WorkspaceBanner() {
  const { idle_stop_at, safe_mode } = workspace.value ?? {};
  if (!ready.value) return null;
  if (idle_stop_at) return <IdleBanner at={idle_stop_at} />;
  if (notice.value) return <NoticeBanner notice={notice.value} />;
  return safe_mode ? <SafeBanner text={safe_mode.text} full={safe_mode.reason === "home_full"} /> : null;
}

/** `4:59` until then. */
export function countdown(at: string, from: number): string {
  const seconds = Math.max(0, Math.ceil((Date.parse(at) - from) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The clock ticks only while it is read, so its first value may be an old one. */
function IdleBanner({ at }: { at: string }) {
  return (
    <div class="banner warn" data-testid="idle-banner">
      <span role="status">
        {t("workspace.idle")}{" "}
        <span aria-hidden="true">
          {t("workspace.idle.in", { time: countdown(at, Math.max(now.value, Date.now())) })}
        </span>
      </span>
      <button type="button" class="button small primary" onClick={() => keepAwake(1).catch(sayError)}>
        {t("workspace.idle.more")}
      </button>
    </div>
  );
}

const dismissed = signal<string | null>(null);

function SafeBanner({ text, full }: { text: string; full: boolean }) {
  const start = workspace.value?.started_at ?? "";
  if (dismissed.value === start) return null;
  return (
    <div class="banner warn" role="status" data-testid="safe-banner">
      <span>
        <strong>{t("workspace.safe")}</strong> {text}
        {/* Once for each start of it. */}
        <Biggest key={start} open={full} />
      </span>
      <button type="button" class="button small" onClick={() => newTerminal({ clean: true }).catch(sayError)}>
        {t("workspace.cleanShell")}
      </button>
      <button
        type="button"
        class="button small quiet"
        onClick={() => {
          dismissed.value = start;
        }}
      >
        {t("app.close")}
      </button>
    </div>
  );
}
