/** In the status bar: that the last snapshot could not be taken. It leads to the snapshots, where one can be taken again. */
import { Icon } from "../app/icons";
import { t } from "../i18n";
import { workspace } from "../workspace/state";
import { showSnapshots } from "./open";

export function SnapshotTrouble() {
  const cause = workspace.value?.snapshot_trouble;
  if (!cause) return null;
  return (
    <button
      type="button"
      title={t("snapshots.trouble", { cause })}
      data-testid="snapshot-trouble"
      onClick={showSnapshots}
    >
      <span class="status-away" role="status">
        <Icon name="warning" />
        {t("snapshots.status")}
      </span>
    </button>
  );
}
