/** What Deploy, builds and language servers said; one of them is read at a time. */
import { useEffect, useRef } from "preact/hooks";
import { copyText } from "../app/clipboard";
import { Icon } from "../app/icons";
import { sayError } from "../app/toast";
import { LogText } from "../deploy/LogText";
import { deployment } from "../deploy/state";
import { t } from "../i18n";
import { deployText } from "./deploy";
import { chosen, texts } from "./state";
import "./output.css";

const BUILD = "build:";

interface Channel {
  id: string;
  title: string;
}

function channels(): Channel[] {
  const builds = deployment.value?.steps.flatMap((step) => step.builds ?? []) ?? [];
  return [
    { id: "deploy", title: t("output.deploy") },
    ...builds.map(({ id, repository, number }) => ({
      id: BUILD + id,
      title: t("output.build", { name: repository ?? id, number: number ?? "" }),
    })),
    ...[...texts.value.keys()].map((name) => ({ id: name, title: t("output.server", { name }) })),
  ];
}

export function OutputView() {
  const all = channels();
  const shown = all.find(({ id }) => id === chosen.value) ?? (all[0] as Channel);
  const text =
    shown.id === "deploy"
      ? deployment.value
        ? deployText(deployment.value)
        : ""
      : (texts.value.get(shown.id) ?? "");
  return (
    <>
      <div class="panel-tools">
        <select
          class="field output-channel"
          aria-label={t("output.channel")}
          data-testid="output-channel"
          value={shown.id}
          onChange={(event) => {
            chosen.value = event.currentTarget.value;
          }}
        >
          {all.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
        <span class="spacer" />
        {!shown.id.startsWith(BUILD) && text !== "" && (
          <button type="button" class="button small quiet" onClick={() => copyText(text).catch(sayError)}>
            <Icon name="copy" />
            {t("output.copy")}
          </button>
        )}
      </div>
      <div class="output" data-testid="output">
        {shown.id.startsWith(BUILD) ? (
          <LogText key={shown.id} id={shown.id.slice(BUILD.length)} name={shown.title} />
        ) : (
          <Lines key={shown.id} text={text} title={shown.title} />
        )}
      </div>
    </>
  );
}

/** Its end, unless somebody has gone up to read. */
function Lines({ text, title }: { text: string; title: string }) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (follows.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <div
      ref={box}
      class="output-text"
      role="log"
      aria-live="off"
      aria-label={title}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        follows.current = scrollTop + clientHeight > scrollHeight - 20;
      }}
    >
      {text || t("output.empty")}
    </div>
  );
}
