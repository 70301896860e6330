/** What was deleted: put back, or deleted for good. */

import { useEffect, useState } from "preact/hooks";
import { discardTrashed, emptyTrash, type Trashed, trashed } from "../api/files";
import { describe } from "../api/http";
import { confirm } from "../app/confirm";
import { IconButton } from "../app/IconButton";
import { Icon } from "../app/icons";
import { WideDialog } from "../app/WideDialog";
import { restore } from "../files/state";
import { t } from "../i18n";
import { sizeWords } from "../i18n/size";
import { when } from "../workspace/WorkspaceMenu";
import { shown } from "./open";
import "./trash.css";

interface Said {
  tone: "good" | "bad";
  text: string;
}

export function TrashDialog() {
  const [entries, setEntries] = useState<Trashed[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<Said | null>(null);

  /** Does it, reads the trash again, and says what came of it: toasts would be behind the dialog. */
  async function act(work: () => Promise<string | null>): Promise<void> {
    setBusy(true);
    try {
      const text = await work();
      setEntries(await trashed());
      setSaid(text === null ? null : { tone: "good", text });
    } catch (error) {
      setSaid({ tone: "bad", text: describe(error) });
    } finally {
      setBusy(false);
    }
  }

  const putBack = (entry: Trashed) =>
    act(async () => {
      await restore(entry.id);
      return t("trash.restored", { path: entry.path });
    });

  async function discard(entry: Trashed): Promise<void> {
    const title = t("trash.discardOf", { path: entry.path });
    if (!(await confirm(title, t("trash.discard.text"), t("trash.discard")))) return;
    await act(async () => {
      await discardTrashed(entry.id);
      return null;
    });
  }

  async function emptyAll(count: number): Promise<void> {
    if (!(await confirm(t("trash.empty"), t("trash.empty.text", { count }), t("trash.empty")))) return;
    await act(async () => {
      await emptyTrash();
      return t("trash.emptied");
    });
  }

  useEffect(() => {
    void act(async () => null);
  }, []);

  const count = entries?.length ?? 0;
  return (
    <WideDialog name="trash" title={t("trash.title")} shown={shown}>
      <p class="faint">{t("trash.hint")}</p>
      <div role="status" class="dialog-said">
        {said && <p class={`notice ${said.tone}`}>{said.text}</p>}
      </div>
      {entries === null && !said && <p class="faint">{t("app.loading")}</p>}
      {entries !== null && count === 0 && (
        <p class="dialog-none" data-testid="trash-none">
          {t("trash.none")}
        </p>
      )}
      {count > 0 && (
        <>
          <ul class="trash-rows" aria-label={t("trash.title")}>
            {entries?.map((entry) => (
              <li key={entry.id} class="trash-row" data-path={entry.path}>
                <Icon name={entry.kind === "folder" ? "folder" : "file"} />
                <span class="trash-path" title={entry.path}>
                  {entry.path}
                </span>
                <span class="trash-facts faint">
                  {entry.size !== null && <span>{sizeWords(entry.size)}</span>}
                  <time dateTime={entry.deleted_at}>{when(entry.deleted_at)}</time>
                </span>
                <button
                  type="button"
                  class="button small"
                  disabled={busy}
                  aria-label={t("trash.restoreOf", { path: entry.path })}
                  onClick={() => putBack(entry)}
                >
                  {t("trash.restore")}
                </button>
                <IconButton
                  icon="cross"
                  disabled={busy}
                  title={t("trash.discard")}
                  label={t("trash.discardOf", { path: entry.path })}
                  onClick={() => discard(entry)}
                />
              </li>
            ))}
          </ul>
          <div class="dialog-actions">
            <button type="button" class="button small danger" disabled={busy} onClick={() => emptyAll(count)}>
              {t("trash.empty")}
            </button>
          </div>
        </>
      )}
    </WideDialog>
  );
}
