/** The end of a build's log, followed while it is written. */
import { useEffect, useRef, useState } from "preact/hooks";
import { buildLogUrl, followBuildLog } from "../api/deployments";
import { describe } from "../api/http";
import { t } from "../i18n";

/** The whole log is one click away; the panel keeps its end. */
const KEPT_CHARS = 64 * 1024;

export function keepEnd(text: string, limit = KEPT_CHARS): string {
  if (text.length <= limit) return text;
  const cut = text.indexOf("\n", text.length - limit);
  return text.slice(cut < 0 ? text.length - limit : cut + 1);
}

export function LogText({ id, name }: { id: string; name: string }) {
  const [text, setText] = useState("");
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const abort = new AbortController();
    let kept = "";
    followBuildLog(
      id,
      (more) => {
        kept = keepEnd(kept + more);
        setText(kept);
      },
      abort.signal,
    ).catch((error: unknown) => {
      if (!abort.signal.aborted) setText(`${kept}\n${describe(error)}`);
    });
    return () => abort.abort();
  }, [id]);

  useEffect(() => {
    const frame = box.current;
    if (frame && text !== "") frame.scrollTop = frame.scrollHeight;
  }, [text]);

  return (
    <>
      <div ref={box} class="log-text" role="log" aria-live="off" aria-label={t("deploy.logOf", { name })}>
        {text || t("app.loading")}
      </div>
      <a class="log-whole" href={buildLogUrl(id)} target="_blank" rel="noreferrer">
        {t("deploy.logWhole")}
      </a>
    </>
  );
}
