/** Above the panes: what has just run out, with whom, and what to do; until it is closed. */
import { computed, signal } from "@preact/signals";
import type { Notice } from "../api/types";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { Biggest } from "./Biggest";
import { act, ready, workspace } from "./state";

/** What happened longer ago is not told to a page that opens now. */
const RECENT_MS = 10 * 60_000;
const closed = signal("");

/** The newest of the recent ones, unless it was closed. Ids grow with time. */
export function newest(notices: readonly Notice[], closedId: string, now: number): Notice | null {
  const last = notices.at(-1);
  return last && last.id !== closedId && now - Date.parse(last.at) < RECENT_MS ? last : null;
}

export const notice = computed(() =>
  ready.value ? newest(workspace.value?.notices ?? [], closed.value, Date.now()) : null,
);

export function NoticeBanner({ notice: { id, kind, text, fix, count } }: { notice: Notice }) {
  const room = kind.startsWith("disk") || kind.startsWith("inodes");
  return (
    <div class="banner warn" role="status" data-testid="notice" data-kind={kind}>
      <span>
        <strong>{text}</strong> {count > 1 && kind === "out_of_memory" && t("notice.count", { count })} {fix}
        {room && <Biggest key={id} open={kind === "disk_full"} />}
      </span>
      {kind === "too_many_processes" && (
        <button type="button" class="button small" onClick={() => act("restart").catch(sayError)}>
          {t("notice.restart")}
        </button>
      )}
      <button
        type="button"
        class="button small quiet"
        onClick={() => {
          closed.value = id;
        }}
      >
        {t("app.close")}
      </button>
    </div>
  );
}
