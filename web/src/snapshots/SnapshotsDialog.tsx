/** Snapshots of the home folder: all of them, or one and what is in it. */
import { useEffect } from "preact/hooks";
import { WideDialog } from "../app/WideDialog";
import { t } from "../i18n";
import { shown, takeAtOnce } from "./open";
import { SnapshotList } from "./SnapshotList";
import { SnapshotTree } from "./SnapshotTree";
import { all, busy, closeSnapshot, opened, refresh, said, take } from "./state";
import { busyText } from "./words";
import "./snapshots.css";

/** How often it is seen how far something is, and what else there is. */
const BUSY_MS = 700;
const IDLE_MS = 5000;

export function SnapshotsDialog() {
  useEffect(() => {
    closeSnapshot();
    if (takeAtOnce.peek()) {
      takeAtOnce.value = false;
      take("");
    } else refresh();
  }, []);
  const often = busy.value;
  useEffect(() => {
    const timer = setInterval(refresh, often ? BUSY_MS : IDLE_MS);
    return () => clearInterval(timer);
  }, [often]);
  return (
    <WideDialog name="snapshots" title={t("snapshots.title")} shown={shown} onKeyDown={stepRows}>
      <Said />
      {opened.value ? <SnapshotTree opened={opened.value} /> : <SnapshotList />}
    </WideDialog>
  );
}

/** What goes on, went wrong or was done: toasts would be behind the dialog. */
function Said() {
  const now = all.value?.busy;
  const trouble = all.value?.trouble;
  return (
    <div class="dialog-said" role="status">
      {now && (
        <p class="snapshot-busy" data-testid="snapshot-busy">
          <progress
            value={now.files > 0 ? now.done : undefined}
            max={now.files || 1}
            aria-label={busyText(now)}
          />
          <span>{busyText(now)}</span>
        </p>
      )}
      {!now && said.value && (
        <p class={`notice ${said.value.tone}`} data-testid="snapshot-said">
          {said.value.text}
        </p>
      )}
      {!now && !said.value && trouble && (
        <p class="notice bad">{t("snapshots.trouble", { cause: trouble.cause })}</p>
      )}
    </div>
  );
}

/** Arrows go from row to row. */
function stepRows(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const row = (event.target as Element).closest("[data-row]");
  if (step === 0 || !row) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row]")];
  rows[rows.indexOf(row as HTMLElement) + step]?.focus();
  event.preventDefault();
}
