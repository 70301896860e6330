/** How far an upload is, and the way to end it. */
import { IconButton } from "../app/IconButton";
import { t } from "../i18n";
import { cancelUpload, percent, progress } from "./uploading";

export function UploadBar() {
  const now = progress.value;
  if (now === null) return null;
  const words = t("files.uploading", { name: now.name, index: now.index, count: now.count });
  return (
    <div class="upload-bar" data-testid="upload-bar">
      <div class="upload-words">
        <span>{words}</span>
        <span>{percent.value}%</span>
      </div>
      <progress max={100} value={percent.value} aria-label={words} />
      <IconButton icon="close" label={t("app.cancel")} onClick={cancelUpload} />
    </div>
  );
}
