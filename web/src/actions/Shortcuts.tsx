/** All actions and their keys: searched by word, changed by pressing others. */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { WideDialog } from "../app/WideDialog";
import { lang, t, words } from "../i18n";
import { matchText } from "../palette/match";
import { chordOf, chordText } from "./chord";
import { Keys } from "./Keys";
import { setRecording } from "./keys";
import { type Action, actions, changedKeys, changeKeys, clashesOf, keysOf } from "./registry";
import "./shortcuts.css";

const open = signal(false);
export const showShortcuts = (): void => {
  open.value = true;
};

export function Shortcuts() {
  return open.value ? <Dialog /> : null;
}

function listed(query: string): Action[] {
  const searched = (action: Action) =>
    (["ko", "en"] as const).some((each) => {
      const text = `${words(each, action.group)} ${words(each, action.title)} ${keysOf(action).join(" ")}`;
      return matchText(query, text) !== null;
    });
  return actions.value
    .filter((action) => query === "" || searched(action))
    .sort((a, b) => words(lang.value, a.group).localeCompare(words(lang.value, b.group)));
}

function Dialog() {
  const [query, setQuery] = useState("");
  const [recorded, record] = useState<string | null>(null);
  return (
    <WideDialog name="shortcuts" title={t("keys.title")} shown={open} keepsEscape={recorded !== null}>
      <input
        class="field"
        type="search"
        placeholder={t("keys.search")}
        aria-label={t("keys.search")}
        value={query}
        onInput={(event) => setQuery(event.currentTarget.value)}
      />
      <ul class="shortcuts">
        {listed(query.trim()).map((action) => (
          <Row
            key={action.id}
            action={action}
            recording={recorded === action.id}
            record={(on) => record(on ? action.id : null)}
          />
        ))}
      </ul>
      <p class="faint">{t("keys.hint")}</p>
    </WideDialog>
  );
}

function Row({
  action,
  recording,
  record,
}: {
  action: Action;
  recording: boolean;
  record: (on: boolean) => void;
}) {
  const keys = keysOf(action);
  const clashes = keys.flatMap((each) => clashesOf(action.id, each));
  const title = t(action.title);
  return (
    <li class="shortcut" data-id={action.id}>
      <span class="shortcut-title">
        <span class="faint">{t(action.group)}</span> {title}
        {clashes.length > 0 && (
          <span class="shortcut-clash">
            {t("keys.clash", { other: clashes.map((other) => t(other.title)).join(", ") })}
          </span>
        )}
      </span>
      <span class="shortcut-keys">
        {recording ? (
          <Recorder
            done={(text) => {
              if (text !== null) changeKeys(action.id, text === "" ? [] : [text]);
              record(false);
            }}
          />
        ) : (
          keys.map((each) => <Keys key={each} of={each} />)
        )}
      </span>
      <span class="shortcut-tools">
        {!action.builtIn && !recording && (
          <button
            type="button"
            class="button small quiet"
            aria-label={t("keys.changeOf", { title })}
            onClick={() => record(true)}
          >
            {t("keys.change")}
          </button>
        )}
        {changedKeys.value[action.id] && (
          <button
            type="button"
            class="button small quiet"
            aria-label={t("keys.resetOf", { title })}
            onClick={() => changeKeys(action.id, null)}
          >
            {t("keys.reset")}
          </button>
        )}
      </span>
    </li>
  );
}

/** The next combination that is pressed; Escape leaves it as it is, Backspace takes the keys away. */
function Recorder({ done }: { done: (keys: string | null) => void }) {
  const field = useRef<HTMLButtonElement>(null);
  // Before the page is painted: a key that is pressed as soon as this is seen is taken.
  useLayoutEffect(() => {
    setRecording(true);
    field.current?.focus();
    return () => setRecording(false);
  }, []);
  return (
    <button
      ref={field}
      type="button"
      class="button small recorder"
      onBlur={() => done(null)}
      onKeyDown={(event) => {
        event.preventDefault();
        event.stopPropagation();
        if (event.key === "Escape") return done(null);
        if (event.key === "Backspace") return done("");
        const chord = chordOf(event);
        const usable = chord && (chord.ctrl || chord.alt || /^F\d+$/.test(chord.key));
        if (usable) done(chordText(chord));
      }}
    >
      {t("keys.press")}
    </button>
  );
}
