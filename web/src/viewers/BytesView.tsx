/** A large or binary file, a window at a time; only what is looked at is brought here. */
import { useEffect, useState } from "preact/hooks";
import { readPart } from "../api/files";
import { describe } from "../api/http";
import { t } from "../i18n";
import { HEX_WINDOW, hexRows, looksBinary, TEXT_WINDOW, windowText } from "./bytes";

export function BytesView({ path, size }: { path: string; size: number }) {
  const [at, setAt] = useState(0);
  const [hex, setHex] = useState<boolean | null>(null);
  const [shown, setShown] = useState<{ at: number; bytes: Uint8Array } | null>(null);
  const [trouble, setTrouble] = useState("");
  const step = hex ? HEX_WINDOW : TEXT_WINDOW;
  const last = Math.max(0, Math.floor((size - 1) / step) * step);
  useEffect(() => {
    let current = true;
    readPart(path, at, step)
      .then((bytes) => {
        if (!current) return;
        setTrouble("");
        setShown({ at, bytes });
        // Its beginning says which way it can be read.
        setHex((known) => known ?? looksBinary(bytes));
      })
      .catch((error: unknown) => current && setTrouble(describe(error)));
    return () => {
      current = false;
    };
  }, [path, at, step]);

  const go = (to: number) => setAt(Math.min(last, Math.max(0, Math.floor(to / step) * step)));
  return (
    <>
      {trouble !== "" && <p class="notice">{trouble}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="viewer-scroll" tabIndex={0} aria-label={t("viewer.content")} key={`${at} ${hex}`}>
        {shown &&
          hex !== null &&
          (hex ? <Rows {...shown} /> : <pre class="viewer-text">{windowText(shown.bytes)}</pre>)}
      </section>
      <footer class="viewer-foot">
        <span class="faint">
          {t("viewer.window", {
            from: at.toLocaleString(),
            to: Math.min(size, at + step).toLocaleString(),
            size: size.toLocaleString(),
          })}
        </span>
        <span class="spacer" />
        <button
          type="button"
          class="button small"
          aria-pressed={hex ?? false}
          onClick={() => {
            setHex(!hex);
            setShown(null);
          }}
        >
          {t("viewer.hex")}
        </button>
        <button type="button" class="button small" disabled={at === 0} onClick={() => go(0)}>
          {t("viewer.start")}
        </button>
        <button type="button" class="button small" disabled={at === 0} onClick={() => go(at - step)}>
          {t("viewer.back")}
        </button>
        <button type="button" class="button small" disabled={at >= last} onClick={() => go(at + step)}>
          {t("viewer.on")}
        </button>
        <button type="button" class="button small" disabled={at >= last} onClick={() => go(last)}>
          {t("viewer.end")}
        </button>
      </footer>
    </>
  );
}

function Rows({ at, bytes }: { at: number; bytes: Uint8Array }) {
  const text = hexRows(bytes, at).map((row) => `${row.at}  ${row.hex}  ${row.text}`);
  return <pre class="viewer-hex">{text.join("\n")}</pre>;
}
