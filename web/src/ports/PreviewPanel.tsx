/**
 * A port's page within the IDE: an address bar, reload, the sizes of other screens. It is of another origin, so where it has
 * gone by itself is not known here; and it can't lead the IDE away.
 */

import { useState } from "preact/hooks";
import { IconButton } from "../app/IconButton";
import { Icon, type IconName } from "../app/icons";
import { type Key, t } from "../i18n";
import { QrButton } from "../qr/QrButton";
import { ports } from "./state";
import "./preview.css";

const SANDBOX =
  "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads";

interface Device {
  id: string;
  title: Key;
  icon: IconName;
  /** CSS pixels; all there is where nothing is said. */
  size?: readonly [width: number, height: number];
}

const DEVICES: readonly Device[] = [
  { id: "full", title: "preview.full", icon: "system" },
  { id: "tablet", title: "preview.tablet", icon: "tablet", size: [768, 1024] },
  { id: "phone", title: "preview.phone", icon: "phone", size: [390, 844] },
];

/** A path on the port's own host, whatever was typed; null for another host. */
export function addressOf(base: string, typed: string): string | null {
  try {
    const url = new URL(typed.trim() || "/", base);
    return url.origin === new URL(base).origin ? url.href : null;
  } catch {
    return null;
  }
}

export function PreviewPanel({ port }: { port: number }) {
  const known = ports.value.find((each) => each.port === port);
  // A server that is started anew is away for a moment: its page stays.
  const [base, setBase] = useState(known?.url ?? "");
  const [path, setPath] = useState("/");
  const [wrong, setWrong] = useState(false);
  const [loads, setLoads] = useState(0);
  const [device, setDevice] = useState(DEVICES[0] as Device);
  if (known && known.url !== base) setBase(known.url);
  if (base === "") return <p class="editor-note">{t("preview.away", { port })}</p>;
  const url = addressOf(base, path) ?? base;
  const [width, height] = device.size ?? [];
  return (
    <div class="port-preview" data-testid="port-preview" data-device={device.id}>
      <form
        class="preview-bar"
        onSubmit={(event) => {
          event.preventDefault();
          const typed = new FormData(event.currentTarget).get("path");
          const address = addressOf(base, String(typed));
          setWrong(address === null);
          if (address === null) return;
          const { pathname, search, hash } = new URL(address);
          setPath(pathname + search + hash);
          setLoads(loads + 1);
        }}
      >
        <IconButton icon="refresh" label={t("preview.reload")} onClick={() => setLoads(loads + 1)} />
        <span class="preview-port">:{port}</span>
        <input
          key={path}
          class="field"
          name="path"
          aria-label={t("preview.address")}
          aria-invalid={wrong}
          defaultValue={path}
          spellcheck={false}
          autocomplete="off"
        />
        <fieldset class="segmented">
          <legend class="visually-hidden">{t("preview.size")}</legend>
          {DEVICES.map((each) => (
            <button
              type="button"
              key={each.id}
              aria-pressed={device.id === each.id}
              aria-label={t(each.title)}
              title={t(each.title)}
              onClick={() => setDevice(each)}
            >
              <Icon name={each.icon} />
            </button>
          ))}
        </fieldset>
        <a
          class="icon-button"
          href={url}
          target="_blank"
          rel="noreferrer"
          title={t("preview.tab")}
          aria-label={t("preview.tab")}
        >
          <Icon name="link" />
        </a>
        <QrButton url={url} />
      </form>
      {wrong && (
        <p class="notice" role="alert">
          {t("preview.wrong", { port })}
        </p>
      )}
      {!known && (
        <p class="diff-note" role="status">
          {t("preview.away", { port })}
        </p>
      )}
      <div class="preview-stage">
        <iframe
          key={`${loads} ${url}`}
          src={url}
          title={t("preview.of", { port })}
          sandbox={SANDBOX}
          style={width ? { width: `${width}px`, height: `${height}px`, flex: "none" } : undefined}
        />
      </div>
    </div>
  );
}
