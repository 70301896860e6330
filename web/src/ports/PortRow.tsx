import { useState } from "preact/hooks";
import type { Port, Visibility } from "../api/types";
import { copyText } from "../app/clipboard";
import { IconButton } from "../app/IconButton";
import { Icon, type IconName } from "../app/icons";
import { showPane } from "../app/layout";
import { sayError } from "../app/toast";
import { type Key, lang, t } from "../i18n";
import { QrButton } from "../qr/QrButton";
import { showPortPreview } from "./preview";
import { changing, processOf, share } from "./state";

const CHOICES: readonly { visibility: Visibility; icon: IconName; label: Key }[] = [
  { visibility: "private", icon: "lock", label: "ports.private" },
  { visibility: "class", icon: "people", label: "ports.class" },
  { visibility: "public", icon: "globe", label: "ports.public" },
];

const HOUR = 3600;
const LASTING: readonly { seconds: number; label: Key }[] = [
  { seconds: HOUR, label: "ports.hour" },
  { seconds: 24 * HOUR, label: "ports.day" },
  { seconds: 7 * 24 * HOUR, label: "ports.week" },
];

export function PortRow({ port: it }: { port: Port }) {
  const { port, url, visibility, command } = it;
  const process = processOf(it);
  const busy = changing.value.has(port);
  return (
    <li class="port" data-port={port} data-visibility={visibility}>
      <div class="port-head">
        <strong>{port}</strong>
        <span class="port-process" title={command ?? process}>
          {process}
        </span>
        <div class="port-tools">
          <CopyButton text={url} label={t("ports.copy", { port })} />
          <IconButton
            icon="split"
            title={t("preview.show")}
            label={t("preview.showPort", { port })}
            data-testid="port-show"
            onClick={() => {
              showPane("editor");
              showPortPreview(port);
            }}
          />
          <a
            class="button small primary"
            href={url}
            target="_blank"
            rel="noreferrer"
            aria-label={t("ports.openLong", { port, process })}
          >
            <Icon name="link" />
            {t("ports.open")}
          </a>
          <QrButton url={url} />
        </div>
      </div>
      <fieldset class="segmented port-who" disabled={busy} aria-busy={busy}>
        <legend class="visually-hidden">{t("ports.who", { port })}</legend>
        {CHOICES.map((choice) => (
          <button
            type="button"
            key={choice.visibility}
            aria-pressed={visibility === choice.visibility}
            data-testid={`share-${choice.visibility}`}
            onClick={() => {
              if (visibility !== choice.visibility) void share(port, choice.visibility);
            }}
          >
            <Icon name={choice.icon} />
            {t(choice.label)}
          </button>
        ))}
      </fieldset>
      {visibility === "class" && <p class="faint">{t("ports.classHint")}</p>}
      {visibility === "public" && <Lasting it={it} busy={busy} />}
    </li>
  );
}

function Lasting({ it, busy }: { it: Port; busy: boolean }) {
  const end = it.expires_at ? new Date(it.expires_at) : null;
  return (
    <div class="port-lasting">
      {end && <p class="faint">{t("ports.until", { time: when(end) })}</p>}
      <div class="segmented">
        {LASTING.map(({ seconds, label }) => (
          <button
            type="button"
            key={seconds}
            disabled={busy}
            aria-pressed={end !== null && closest(end) === seconds}
            aria-label={`${t("ports.lasting", { port: it.port })}: ${t(label)}`}
            onClick={() => void share(it.port, "public", seconds)}
          >
            {t(label)}
          </button>
        ))}
      </div>
    </div>
  );
}

/** The choice that an end in the future most likely came from. */
function closest(end: Date): number | undefined {
  const left = (end.getTime() - Date.now()) / 1000;
  return LASTING.find(({ seconds }) => left <= seconds + 5)?.seconds;
}

function when(time: Date): string {
  const today = time.toDateString() === new Date().toDateString();
  const style = today
    ? ({ timeStyle: "short" } as const)
    : ({ month: "short", day: "numeric", hour: "numeric", minute: "2-digit" } as const);
  return new Intl.DateTimeFormat(lang.value, style).format(time);
}

function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <IconButton
      icon={copied ? "check" : "copy"}
      title={copied ? t("deploy.copied") : label}
      label={label}
      onClick={() => {
        copyText(text)
          .then(() => {
            setCopied(true);
            setTimeout(() => setCopied(false), 2000);
          })
          .catch(sayError);
      }}
    >
      <span class="visually-hidden" role="status">
        {copied ? t("deploy.copied") : ""}
      </span>
    </IconButton>
  );
}
