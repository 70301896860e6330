/** A picture: as large as there is room, or in its own size. */
import { useEffect, useState } from "preact/hooks";
import { nameOf } from "../files/tree";
import { t } from "../i18n";

export function ImageView({ path, url }: { path: string; url: string }) {
  const [whole, setWhole] = useState(false);
  const [size, setSize] = useState<string | null>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => setBroken(false), [url]);
  if (broken) return <p class="editor-note">{t("viewer.brokenImage")}</p>;
  return (
    <>
      <div class={whole ? "viewer-image whole" : "viewer-image"}>
        <img
          src={url}
          alt={nameOf(path)}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize(`${naturalWidth} × ${naturalHeight}`)
          }
          onError={() => setBroken(true)}
        />
      </div>
      <footer class="viewer-foot">
        <span class="faint">{size}</span>
        <span class="spacer" />
        <button type="button" class="button small" aria-pressed={whole} onClick={() => setWhole(!whole)}>
          {t("viewer.ownSize")}
        </button>
      </footer>
    </>
  );
}
