/** What stands between a text and the disk, and the ways out; above the text. */
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { showConflict } from "../scm/panels";
import { focusEditor } from "./documents";
import { type Buffer, keepMine, makeUtf8, save, takeTheirs } from "./state";

/** The button is gone once it has done its work; the keys go on in the text. */
function settle(work: Promise<unknown>): void {
  work.then(focusEditor).catch(sayError);
}

export function Banner({ buffer }: { buffer: Buffer }) {
  const { path, conflict, recovered, trouble, readOnly, encoding } = buffer;
  if (conflict) {
    const gone = conflict.etag === null;
    return (
      <div class="banner warn" role="alert">
        <span>{gone ? t("editor.conflict.gone") : t("editor.conflict")}</span>
        <button type="button" class="button small" onClick={() => settle(keepMine(path))}>
          {gone ? t("editor.recreate") : t("editor.keepMine")}
        </button>
        {!gone && (
          <button type="button" class="button small" onClick={() => showConflict(path)}>
            {t("editor.compare")}
          </button>
        )}
        {!gone && (
          <button type="button" class="button small" onClick={() => settle(takeTheirs(path))}>
            {t("editor.takeTheirs")}
          </button>
        )}
      </div>
    );
  }
  if (trouble && buffer.status === "text") {
    return (
      <div class="banner bad" role="alert">
        <span>{trouble}</span>
        <button type="button" class="button small" onClick={() => settle(save(path))}>
          {t("app.retry")}
        </button>
      </div>
    );
  }
  if (recovered !== null) {
    return (
      <div class="banner" role="status">
        <span>{t("editor.recovered", { time: new Date(recovered).toLocaleString() })}</span>
        <button type="button" class="button small" onClick={() => settle(save(path))}>
          {t("editor.save")}
        </button>
        <button type="button" class="button small" onClick={() => settle(takeTheirs(path))}>
          {t("editor.discard")}
        </button>
      </div>
    );
  }
  if (!readOnly) return null;
  return (
    <div class="banner">
      <span>{t("editor.otherEncoding", { encoding })}</span>
      <button type="button" class="button small" onClick={() => settle(makeUtf8(path))}>
        {t("editor.makeUtf8")}
      </button>
    </div>
  );
}
