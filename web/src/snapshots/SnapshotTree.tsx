/** One snapshot: its folders and files, and what can be brought back of them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { describe } from "../api/http";
import { readSnapshotFile, type SnapshotEntry, snapshotFileUrl } from "../api/snapshots";
import { confirm } from "../app/confirm";
import { Icon, type IconName } from "../app/icons";
import { decode } from "../editor/decode";
import { t } from "../i18n";
import { sizeWords } from "../i18n/size";
import { when } from "../workspace/WorkspaceMenu";
import { busy, closeSnapshot, type Opened, openFolder, restore } from "./state";
import { changesText } from "./words";

/** A longer file is for downloading. */
const SHOWN_BYTES = 512 * 1024;
const ICONS: Record<SnapshotEntry["kind"], IconName> = { file: "file", folder: "folder", link: "link" };

export function SnapshotTree({ opened }: { opened: Opened }) {
  const { snapshot, details, folder, entries } = opened;
  const [file, setFile] = useState<SnapshotEntry | null>(null);
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus(), []);
  const time = when(snapshot.taken_at);
  const go = (path: string) => {
    setFile(null);
    openFolder(path);
  };
  const restoreAll = async () => {
    const yes = await confirm(
      t("snapshots.restoreAll"),
      t("snapshots.restoreAll.text", { time }),
      t("snapshots.restore"),
    );
    if (yes) await restore(snapshot.id);
  };
  return (
    <>
      <div class="snapshot-bar">
        <button ref={back} type="button" class="button small" onClick={closeSnapshot}>
          {t("snapshots.back")}
        </button>
        <span class="snapshot-about">
          <strong>{time}</strong> {t(`snapshots.reason.${snapshot.reason}`)}
          {snapshot.name && ` · ${snapshot.name}`}
          <small class="faint">
            {changesText(snapshot.changes)} · {t("snapshots.files", { count: snapshot.files })} ·{" "}
            {sizeWords(snapshot.bytes)}
          </small>
        </span>
        <button
          type="button"
          class="button small primary"
          disabled={busy.value}
          data-testid="snapshot-restore-all"
          onClick={restoreAll}
        >
          {t("snapshots.restoreAll")}
        </button>
      </div>
      <Crumbs folder={folder} go={go} />
      {file ? (
        <FileView id={snapshot.id} entry={file} close={() => setFile(null)} />
      ) : (
        <ul class="snapshot-rows" aria-label={folder || t("snapshots.home")}>
          {entries === null && <li class="faint">{t("app.loading")}</li>}
          {entries?.length === 0 && <li class="faint">{t("files.empty")}</li>}
          {entries?.map((entry) => (
            <EntryRow
              key={entry.path}
              id={snapshot.id}
              time={time}
              entry={entry}
              open={() => (entry.kind === "folder" ? go(entry.path) : setFile(entry))}
            />
          ))}
        </ul>
      )}
      {details && details.left_out + details.unsettled > 0 && (
        <details class="snapshot-missing">
          <summary>{t("snapshots.missing", { count: details.left_out + details.unsettled })}</summary>
          <ul>
            {details.left_out_paths.map(
              ({ path, why }) =>
                why !== "cache" &&
                why !== "own" && (
                  <li key={path}>
                    <code>{path}</code> {t(`snapshots.why.${why}`)}
                  </li>
                ),
            )}
            {details.unsettled_paths.map((path) => (
              <li key={path}>
                <code>{path}</code> {t("snapshots.unsettled")}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Crumbs({ folder, go }: { folder: string; go: (path: string) => void }) {
  const steps = folder === "" ? [] : folder.split("/");
  return (
    <nav class="snapshot-crumbs" aria-label={t("snapshots.path")}>
      <button type="button" aria-current={steps.length === 0 ? "page" : undefined} onClick={() => go("")}>
        {t("snapshots.home")}
      </button>
      {steps.map((step, index) => {
        const path = steps.slice(0, index + 1).join("/");
        return (
          <span key={path}>
            /
            <button
              type="button"
              aria-current={path === folder ? "page" : undefined}
              onClick={() => go(path)}
            >
              {step}
            </button>
          </span>
        );
      })}
    </nav>
  );
}

function EntryRow({
  id,
  time,
  entry,
  open,
}: {
  id: string;
  time: string;
  entry: SnapshotEntry;
  open: () => void;
}) {
  const { name, path, kind, size, modified, target } = entry;
  const restoreIt = async () => {
    const yes = await confirm(
      t("snapshots.restoreOne", { name }),
      t("snapshots.restoreOne.text", { name, time }),
      t("snapshots.restore"),
    );
    if (yes) await restore(id, [path]);
  };
  return (
    <li class="snapshot-entry" data-path={path}>
      <button type="button" class="snapshot-name" data-row disabled={kind === "link"} onClick={open}>
        <Icon name={ICONS[kind]} />
        <span>{name}</span>
        {target !== null && <span class="faint">→ {target}</span>}
      </button>
      <span class="snapshot-size faint">
        {kind === "file" && sizeWords(size)}
        {modified && <small>{when(modified)}</small>}
      </span>
      <span class="snapshot-tools">
        {kind === "file" && (
          <a
            class="icon-button"
            href={snapshotFileUrl(id, path)}
            download={name}
            aria-label={t("snapshots.download", { name })}
            title={t("files.download")}
          >
            <Icon name="pull" />
          </a>
        )}
        <button
          type="button"
          class="button small"
          disabled={busy.value}
          aria-label={t("snapshots.restoreOne", { name })}
          onClick={restoreIt}
        >
          {t("snapshots.restore")}
        </button>
      </span>
    </li>
  );
}

/** The text of a file as it was. */
function FileView({ id, entry, close }: { id: string; entry: SnapshotEntry; close: () => void }) {
  const [text, setText] = useState<string | null>(null);
  const [why, setWhy] = useState("");
  const button = useRef<HTMLButtonElement>(null);
  const { path, size } = entry;
  useEffect(() => {
    button.current?.focus();
    if (size > SHOWN_BYTES) return setWhy(t("snapshots.large"));
    readSnapshotFile(id, path)
      .then((found) => {
        const content = decode(found);
        if (content.kind === "text") setText(content.text);
        else setWhy(t("snapshots.binary"));
      })
      .catch((error: unknown) => setWhy(describe(error)));
  }, [id, path, size]);
  return (
    <section class="snapshot-file" aria-label={entry.name}>
      <div class="snapshot-bar">
        <strong>{entry.name}</strong>
        <button ref={button} type="button" class="button small" onClick={close}>
          {t("app.close")}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys */}
      {text !== null && <pre tabIndex={0}>{text}</pre>}
      {why && <p class="faint">{why}</p>}
      {text === null && !why && <p class="faint">{t("app.loading")}</p>}
    </section>
  );
}
