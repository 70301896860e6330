/** What the pods write: all together, or one of them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { followLogs, type LogLine, type MapPod } from "../api/appmap";
import { describe } from "../api/http";
import { t } from "../i18n";
import { shortName } from "./Picture";
import { selectedPod } from "./state";

/** Lines that are kept. */
const KEPT = 2000;
/** A line of this much is cut. */
const LONGEST = 2000;
const COLOURS = 6;
/** What Kubernetes calls itself when it asks whether a pod is ready, each second. */
const PROBE = "kube-probe/";

/** Which colour a pod has, whatever else there is. */
export function colourOf(pod: string): number {
  let sum = 0;
  for (const char of pod) sum = (sum * 31 + char.charCodeAt(0)) % 9973;
  return sum % COLOURS;
}

export function Logs({ pods }: { pods: MapPod[] }) {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [trouble, setTrouble] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  // Another pod, or a container that starts anew: then all are read again.
  const running = pods
    .map(({ name, containers }) => `${name} ${containers.map(({ state }) => state).join(" ")}`)
    .toSorted()
    .join("\n");
  useEffect(() => {
    const abort = new AbortController();
    let kept: LogLine[] = [];
    followLogs((more) => {
      kept = [...kept, ...more].slice(-KEPT);
      setLines(kept);
      setTrouble(null);
    }, abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) setTrouble(describe(error));
    });
    return () => abort.abort();
  }, [running]);
  const only = selectedPod.value?.name ?? null;
  const [probes, setProbes] = useState(false);
  const shown = lines.filter(
    ({ pod, line }) => (only === null || pod === only) && (probes || !line.includes(PROBE)),
  );
  useEffect(() => {
    const frame = box.current;
    if (frame && atEnd.current) frame.scrollTop = frame.scrollHeight;
  }, [shown.length, lines]);
  return (
    <>
      <p class="plan-note">{only === null ? t("appmap.logsAll") : t("appmap.logsOf", { name: only })}</p>
      <label class="appmap-check">
        <input
          type="checkbox"
          checked={probes}
          onChange={({ currentTarget }) => setProbes(currentTarget.checked)}
        />
        {t("appmap.probes")}
      </label>
      {trouble !== null && (
        <p class="diagnostic" role="alert">
          {trouble}
        </p>
      )}
      <div
        ref={box}
        class="pod-logs"
        role="log"
        aria-live="off"
        aria-label={t("appmap.tab.logs")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
        tabIndex={0}
        data-testid="map-logs"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {shown.length === 0 && <p>{t("appmap.noLogs")}</p>}
        {shown.map(({ pod, line }, index) => (
          <div key={index}>
            {only === null && <span class={`log-pod colour-${colourOf(pod)}`}>{shortName(pod)} </span>}
            {line.slice(0, LONGEST)}
          </div>
        ))}
      </div>
    </>
  );
}
