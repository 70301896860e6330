/** Search and replace in all files, at the side: fields above, what was found below, grouped by file. */

import { useEffect, useRef } from "preact/hooks";
import { confirm } from "../app/confirm";
import { IconButton } from "../app/IconButton";
import { Icon, type IconName } from "../app/icons";
import { sayError } from "../app/toast";
import { type Key, t } from "../i18n";
import { sizeWords } from "../i18n/size";
import { Hits } from "./Hits";
import { replaceAll } from "./replace";
import {
  asked,
  cancelSearch,
  count,
  files,
  focusCount,
  glob,
  MOST,
  matchCase,
  pattern,
  phase,
  q,
  regex,
  replacement,
  replacing,
  searchSoon,
  spared,
  trouble,
  unsearched,
} from "./state";
import "./search.css";

export function SearchView() {
  return (
    <section class="search" aria-label={t("search.title")}>
      <header class="pane-head">
        <h2>{t("search.title")}</h2>
        {phase.value === "running" && (
          <button type="button" class="button small quiet" onClick={cancelSearch}>
            {t("app.cancel")}
          </button>
        )}
        <IconButton
          icon="refresh"
          label={t("search.again")}
          disabled={q.value === ""}
          onClick={() => searchSoon(true)}
        />
      </header>
      <Fields />
      <Summary />
      <Hits />
    </section>
  );
}

function Fields() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [focusCount.value]);
  const enter = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.isComposing) searchSoon(true);
  };
  return (
    <div class="search-fields">
      <button
        type="button"
        class="search-fold"
        aria-expanded={replacing.value}
        aria-label={t("search.toggleReplace")}
        title={t("search.toggleReplace")}
        onClick={() => {
          replacing.value = !replacing.value;
        }}
      >
        <Icon name="chevron" class={replacing.value ? "tree-chevron open" : "tree-chevron"} />
      </button>
      <div class="search-inputs">
        <div class="search-row">
          <input
            ref={field}
            class="field"
            type="text"
            data-testid="search-query"
            placeholder={t("search.query")}
            aria-label={t("search.query")}
            value={q.value}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => {
              q.value = event.currentTarget.value;
              searchSoon();
            }}
            onKeyDown={enter}
          />
          <Switch of={matchCase} label="search.case" sign="Aa" />
          <Switch of={regex} label="search.regex" sign=".*" />
        </div>
        {replacing.value && (
          <div class="search-row">
            <input
              class="field"
              type="text"
              data-testid="search-replacement"
              placeholder={t("search.replacement")}
              aria-label={t("search.replacement")}
              value={replacement.value}
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => {
                replacement.value = event.currentTarget.value;
              }}
            />
            <ReplaceAll />
          </div>
        )}
        <input
          class="field"
          type="text"
          data-testid="search-glob"
          placeholder={t("search.glob")}
          aria-label={t("search.globLabel")}
          value={glob.value}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => {
            glob.value = event.currentTarget.value;
            searchSoon();
          }}
          onKeyDown={enter}
        />
      </div>
    </div>
  );
}

function Switch({ of, label, sign }: { of: { value: boolean }; label: Key; sign: string }) {
  return (
    <button
      type="button"
      class="search-switch"
      aria-pressed={of.value}
      aria-label={t(label)}
      title={t(label)}
      onClick={() => {
        of.value = !of.value;
        searchSoon(true);
      }}
    >
      {sign}
    </button>
  );
}

function ReplaceAll() {
  const chosen = count.value - spared.value.size;
  const icon: IconName = "check";
  return (
    <button
      type="button"
      class="button small primary"
      data-testid="replace-all"
      disabled={chosen === 0 || phase.value === "running" || pattern.value === null}
      onClick={() => {
        confirmReplace(chosen).catch(sayError);
      }}
    >
      <Icon name={icon} />
      {t("search.replaceAll")}
    </button>
  );
}

async function confirmReplace(lines: number): Promise<void> {
  const text = t("search.confirm.text", { lines, files: files.peek().length });
  if (await confirm(t("search.confirm"), text, t("search.replaceAll"))) await replaceAll();
}

function Summary() {
  const [found, state, left] = [count.value, phase.value, unsearched.value];
  if (trouble.value !== "") {
    return (
      <p class="search-summary notice" role="alert">
        {trouble.value}
      </p>
    );
  }
  if (state === "idle") return <p class="search-summary faint">{t("search.hint")}</p>;
  const words =
    found === 0
      ? state === "running"
        ? t("search.running")
        : t("search.none")
      : t("search.found", { lines: found, files: files.value.length });
  return (
    <p class="search-summary" role="status" data-testid="search-summary" data-state={state}>
      {words}
      {state === "running" && found > 0 && " …"}
      {state === "cancelled" && ` ${t("search.cancelled")}`}
      {found >= MOST && ` ${t("search.limited", { most: MOST })}`}
      {left && ` ${t("search.tooLarge", { count: left.too_large, limit: sizeWords(left.limit) })}`}
      {replacing.value && asked.value && pattern.value === null && ` ${t("search.unreadable")}`}
    </p>
  );
}
