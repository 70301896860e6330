/** All snapshots, the newest first, and the button that takes one. */
import { useState } from "preact/hooks";
import type { Snapshot } from "../api/snapshots";
import { Icon } from "../app/icons";
import { t } from "../i18n";
import { sizeWords } from "../i18n/size";
import { when } from "../workspace/WorkspaceMenu";
import { all, busy, openSnapshot, take } from "./state";
import { changesText } from "./words";

export function SnapshotList() {
  const found = all.value;
  return (
    <>
      <p class="faint">{t("snapshots.hint")}</p>
      <Take />
      {found === null && <p class="faint">{t("app.loading")}</p>}
      {found?.snapshots.length === 0 && (
        <p class="dialog-none" data-testid="snapshots-none">
          {t("snapshots.none")}
        </p>
      )}
      {found && found.snapshots.length > 0 && (
        <>
          <ul class="snapshot-rows" aria-label={t("snapshots.title")}>
            {found.snapshots.map((snapshot) => (
              <Row key={snapshot.id} snapshot={snapshot} />
            ))}
          </ul>
          <p class="faint">
            {t("snapshots.room", { bytes: sizeWords(found.bytes), limit: sizeWords(found.bytes_limit) })}
          </p>
        </>
      )}
    </>
  );
}

function Take() {
  const [name, setName] = useState("");
  return (
    <form
      class="snapshot-take"
      onSubmit={(event) => {
        event.preventDefault();
        setName("");
        take(name.trim());
      }}
    >
      <input
        class="field"
        maxLength={100}
        placeholder={t("snapshots.name")}
        aria-label={t("snapshots.name")}
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" class="button primary" disabled={busy.value} data-testid="snapshot-take">
        {t("snapshots.take")}
      </button>
    </form>
  );
}

function Row({ snapshot }: { snapshot: Snapshot }) {
  const { taken_at, reason, name, bytes: size, added_bytes, changes } = snapshot;
  return (
    <li>
      <button
        type="button"
        class="snapshot-row"
        data-row
        data-testid="snapshot"
        onClick={() => openSnapshot(snapshot)}
      >
        <span class="snapshot-when">
          <time dateTime={taken_at}>{when(taken_at)}</time>
          <span class="snapshot-reason">{t(`snapshots.reason.${reason}`)}</span>
        </span>
        <span class="snapshot-what">
          {name && <strong>{name}</strong>}
          <span class="faint">{changesText(changes)}</span>
        </span>
        <span class="snapshot-size faint">
          {sizeWords(size)}
          <small>{t("snapshots.cost", { bytes: sizeWords(added_bytes) })}</small>
        </span>
        <Icon name="chevron" />
      </button>
    </li>
  );
}
