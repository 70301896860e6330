/** The terminals that are seen, side by side, and what is to be said of each. */
import { useEffect, useRef } from "preact/hooks";
import { ShareBar } from "../app/ShareBar";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { FindBar } from "./FindBar";
import { KeyBar } from "./KeyBar";
import { sharesOf, withShares } from "./splits";
import { activeId, activeTab, replaceTerminal, shares, shown, type Tab } from "./state";
import "@xterm/xterm/css/xterm.css";
import "./terminal.css";

export function Screens() {
  const all = shown.value;
  const box = useRef<HTMLDivElement>(null);
  if (all.length === 0) {
    return (
      <div class="terminal-frame">
        <p class="terminal-none">{t("terminal.none")}</p>
      </div>
    );
  }
  const ids = all.map(({ id }) => id);
  const sizes = sharesOf(shares.value, ids);
  return (
    <>
      {activeTab.value && <KeyBar session={activeTab.value.session} />}
      <div ref={box} class="terminal-split" data-count={all.length}>
        {all.map((tab, index) => (
          <div
            key={tab.id}
            class="share"
            data-front={activeId.value === tab.id}
            style={{ flexGrow: sizes[index] }}
          >
            {index > 0 && (
              <ShareBar
                direction="row"
                box={box}
                sizes={sizes}
                index={index - 1}
                take={(taken) => {
                  shares.value = withShares(shares.peek(), ids, taken);
                }}
              />
            )}
            <Screen tab={tab} />
          </div>
        ))}
      </div>
    </>
  );
}

function Screen({ tab }: { tab: Tab }) {
  const { session } = tab;
  const frame = useRef<HTMLDivElement>(null);
  const inFront = activeId.value === tab.id;

  useEffect(() => {
    const parent = frame.current;
    if (!parent) return;
    session.mount(parent);
    const observer = new ResizeObserver(() => session.fit());
    observer.observe(parent);
    return () => {
      observer.disconnect();
      session.unmount();
    };
  }, [session]);

  return (
    <div
      id={`terminal-${tab.id}`}
      class="terminal-frame"
      role="tabpanel"
      aria-labelledby={`terminal-tab-${tab.id}`}
      data-testid="terminal"
      data-state={session.state.value.name}
      data-front={inFront}
      data-foreign={session.foreign.value !== null}
      onFocusIn={() => {
        activeId.value = tab.id;
      }}
    >
      <div ref={frame} class="terminal-mount" />
      {inFront && <FindBar />}
      <Message tab={tab} />
    </div>
  );
}

function Message({ tab }: { tab: Tab }) {
  const { session } = tab;
  const [state, foreign] = [session.state.value, session.foreign.value];
  if (state.name === "ended" || state.name === "gone") {
    return (
      <p class="terminal-message" role="status">
        {state.name === "ended" ? t("terminal.exited", { code: state.code }) : t("terminal.gone")}
        <button type="button" class="terminal-again" onClick={() => replaceTerminal(tab.id).catch(sayError)}>
          {t("terminal.again")}
        </button>
      </p>
    );
  }
  const text = session.away.value
    ? t("terminal.reconnecting")
    : foreign
      ? t("terminal.foreign", { cols: foreign.cols, rows: foreign.rows })
      : "";
  return (
    text && (
      <p class={session.away.value ? "terminal-message" : "terminal-message quiet"} role="status">
        {text}
      </p>
    )
  );
}
