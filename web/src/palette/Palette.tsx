/** Quick open and the command palette: one field, one list, no mouse needed. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Keys } from "../actions/Keys";
import { keysOf, run } from "../actions/registry";
import { Icon } from "../app/icons";
import { showPane } from "../app/layout";
import { sayError } from "../app/toast";
import { focusEditor } from "../editor/documents";
import { goToPlace, openFile } from "../editor/state";
import { t } from "../i18n";
import { parsePlace } from "./match";
import { closePalette, type Item, items, noteUse, searching, typed } from "./state";
import "./palette.css";

export function Palette() {
  return typed.value === null ? null : <Open />;
}

function Open() {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [picked, setPicked] = useState(0);
  const text = typed.value ?? "";
  const found = items.value;
  const at = Math.min(picked, Math.max(0, found.length - 1));

  useLayoutEffect(() => {
    dialog.current?.showModal();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at, found]);

  /** The focus is back where it was before what was chosen takes it. */
  function choose(item: Item) {
    dialog.current?.close();
    closePalette();
    perform(item, text);
  }

  function keys(event: KeyboardEvent) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      const one = Math.abs(step) === 1;
      setPicked(
        one ? (at + step + found.length) % found.length : Math.min(found.length - 1, Math.max(0, at + step)),
      );
    } else if (event.key === "Enter") {
      event.preventDefault();
      const item = found[at];
      if (item) choose(item);
    }
  }

  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label={t("palette.title")}
      data-testid="palette"
      onCancel={closePalette}
      onPointerDown={(event) => event.target === dialog.current && closePalette()}
    >
      <input
        ref={field}
        class="palette-field"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${at}` : undefined}
        aria-label={t("palette.placeholder")}
        placeholder={t("palette.placeholder")}
        value={text}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          setPicked(0);
        }}
        onKeyDown={keys}
      />
      <div
        ref={list}
        id="palette-list"
        class="palette-list"
        role="listbox"
        aria-label={t("palette.title")}
        aria-busy={searching.value}
      >
        {found.map((item, index) => (
          <Row key={item.id} item={item} index={index} selected={index === at} choose={() => choose(item)} />
        ))}
      </div>
      {found.length === 0 && (
        <p class="palette-none" role="status">
          {text.startsWith(":") ? t("palette.line") : searching.value ? t("app.loading") : t("palette.none")}
        </p>
      )}
    </dialog>
  );
}

function perform(item: Item, text: string): void {
  if (item.kind === "action") {
    noteUse(item.id);
    run(item.action);
    return;
  }
  showPane("editor");
  if (item.kind === "line" || item.kind === "symbol") {
    goToPlace(item.line, item.column);
    return;
  }
  const { line, column } = parsePlace(text.trim());
  openFile(item.path, line === undefined ? undefined : { line, column: column ?? 1 })
    .then(focusEditor)
    .catch(sayError);
}

interface RowProps {
  item: Item;
  index: number;
  selected: boolean;
  choose: () => void;
}

function Row({ item, index, selected, choose }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys of the whole list
    <div
      class="palette-row"
      role="option"
      id={`palette-${index}`}
      tabIndex={-1}
      aria-selected={selected}
      data-id={item.id}
      onPointerDown={(event) => event.preventDefault()}
      onClick={choose}
    >
      {item.kind === "action" && (
        <>
          <span class="palette-label" title={item.other}>
            <Marked text={item.label} at={item.at} />
          </span>
          <Keys of={keysOf(item.action)[0]} />
        </>
      )}
      {item.kind === "file" && (
        <>
          <Icon name="file" />
          <span class="palette-label">
            <Marked text={item.name} at={item.at} />
          </span>
          <span class="palette-folder">{item.folder}</span>
        </>
      )}
      {item.kind === "symbol" && (
        <>
          <span class="palette-label" style={{ paddingInlineStart: `${item.depth * 16}px` }}>
            <Marked text={item.name} at={item.at} />
          </span>
          <span class="palette-folder">{t("editor.position", { line: item.line, column: item.column })}</span>
        </>
      )}
      {item.kind === "line" && (
        <span class="palette-label">{t("palette.goToLine", { line: item.line, column: item.column })}</span>
      )}
    </div>
  );
}

export function Marked({ text, at }: { text: string; at: readonly number[] }) {
  if (at.length === 0) return <>{text}</>;
  const marked = new Set(at);
  const parts: { text: string; on: boolean }[] = [];
  for (let index = 0; index < text.length; index++) {
    const on = marked.has(index);
    const last = parts.at(-1);
    if (last?.on === on) last.text += text[index];
    else parts.push({ text: text[index] ?? "", on });
  }
  return (
    <>
      {parts.map((part, index) =>
        part.on ? <mark key={index}>{part.text}</mark> : <span key={index}>{part.text}</span>,
      )}
    </>
  );
}
