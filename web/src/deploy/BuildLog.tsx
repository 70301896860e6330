/** The end of a build's log, as it is written. */
import { useEffect, useRef, useState } from "preact/hooks";
import { buildLogUrl, followBuildLog } from "../api/deployments";
import { describe } from "../api/http";
import type { StepBuild } from "../api/types";
import { type Key, t } from "../i18n";

/** The whole log is one click away; the panel keeps its end. */
const KEPT_CHARS = 64 * 1024;

export function keepEnd(text: string, limit = KEPT_CHARS): string {
  if (text.length <= limit) return text;
  const cut = text.indexOf("\n", text.length - limit);
  return text.slice(cut < 0 ? text.length - limit : cut + 1);
}

const STATES = new Set(["running", "succeeded", "failed", "cancelled"]);

/** A queued build waits, as a pending step does. */
const stateKey = (state: string): Key =>
  STATES.has(state) ? (`deploy.state.${state}` as Key) : "deploy.state.pending";

export function BuildLog({ build, live }: { build: StepBuild; live: boolean }) {
  const [open, setOpen] = useState(live);
  const name = build.repository ?? build.id;
  return (
    <details class="log" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="log-name">{name}</span>
        {build.number != null && <span class="faint">#{build.number}</span>}
        {build.state && <span class="faint">{t(stateKey(build.state))}</span>}
      </summary>
      {open && <LogText id={build.id} name={name} />}
    </details>
  );
}

/** The end of it, followed while it is written. */
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
