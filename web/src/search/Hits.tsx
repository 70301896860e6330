/** What was found, as a tree of files and lines: arrows walk, Enter opens, Space chooses what is replaced. */

import { useState } from "preact/hooks";
import type { Found } from "../api/search";
import { IconButton } from "../app/IconButton";
import { Icon } from "../app/icons";
import { showPane } from "../app/layout";
import { sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { shortPath } from "../files/state";
import { nameOf, parentOf } from "../files/tree";
import { useWindow } from "../files/window";
import { t } from "../i18n";
import { excerpt, replaceIn } from "./match";
import { replaceAll } from "./replace";
import { asked, closed, type FileHits, files, hitId, pattern, replacement, replacing, spared } from "./state";

const ROW = matchMedia("(hover: none)").matches ? 38 : 24;

type Line = { kind: "file"; file: FileHits } | { kind: "hit"; hit: Found; file: FileHits };

function linesOf(all: readonly FileHits[], shut: ReadonlySet<string>): Line[] {
  return all.flatMap((file): Line[] => [
    { kind: "file", file },
    ...(shut.has(file.path) ? [] : file.hits.map((hit): Line => ({ kind: "hit", hit, file }))),
  ]);
}

function toggleClosed(path: string, shut: boolean): void {
  const next = new Set(closed.peek());
  if (shut) next.add(path);
  else next.delete(path);
  closed.value = next;
}

function spare(hits: readonly Found[], on: boolean): void {
  const next = new Set(spared.peek());
  for (const hit of hits) {
    if (on) next.add(hitId(hit));
    else next.delete(hitId(hit));
  }
  spared.value = next;
}

function open(hit: Found): void {
  showPane("editor");
  openFile(hit.path, { line: hit.line, column: hit.column }).catch(sayError);
}

const chosenOf = (hits: readonly Found[]): Found[] => hits.filter((hit) => !spared.value.has(hitId(hit)));

export function Hits() {
  const [current, setCurrent] = useState(0);
  const lines = linesOf(files.value, closed.value);
  const at = Math.min(current, lines.length - 1);
  const { list, look, from, to } = useWindow(lines.length, ROW);

  function focus(index: number) {
    const to = Math.max(0, Math.min(lines.length - 1, index));
    setCurrent(to);
    const frame = list.current;
    if (!frame) return;
    if (to * ROW < frame.scrollTop) frame.scrollTop = to * ROW;
    else if ((to + 1) * ROW > frame.scrollTop + frame.clientHeight)
      frame.scrollTop = (to + 1) * ROW - frame.clientHeight;
    requestAnimationFrame(() => frame.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus());
  }

  function keys(event: KeyboardEvent) {
    const line = lines[at];
    if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
    switch (event.key) {
      case "ArrowDown":
        focus(at + 1);
        break;
      case "ArrowUp":
        focus(at - 1);
        break;
      case "Home":
        focus(0);
        break;
      case "End":
        focus(lines.length - 1);
        break;
      case "ArrowRight":
        if (line.kind === "file" && closed.peek().has(line.file.path)) toggleClosed(line.file.path, false);
        else focus(at + 1);
        break;
      case "ArrowLeft":
        if (line.kind === "file") toggleClosed(line.file.path, true);
        else focus(lines.findIndex((each) => each.kind === "file" && each.file === line.file));
        break;
      case "Enter":
        if (line.kind === "hit") open(line.hit);
        else toggleClosed(line.file.path, !closed.peek().has(line.file.path));
        break;
      case " ": {
        if (!replacing.peek()) return;
        const hits = line.kind === "hit" ? [line.hit] : line.file.hits;
        spare(hits, chosenOf(hits).length > 0);
        break;
      }
      default:
        return;
    }
    event.preventDefault();
  }

  return (
    <div
      ref={list}
      class="search-hits"
      role="tree"
      aria-label={t("search.results")}
      data-testid="search-hits"
      style={{ "--row": `${ROW}px` }}
      onKeyDown={keys}
      onScroll={look}
    >
      {from > 0 && <div style={{ height: `${from * ROW}px` }} />}
      {lines.slice(from, to).map((line, index) => (
        <Row
          key={line.kind === "file" ? line.file.path : `${hitId(line.hit)}:${line.hit.column}`}
          line={line}
          index={from + index}
          tabbable={from + index === at}
          pick={() => setCurrent(from + index)}
        />
      ))}
      {to < lines.length && <div style={{ height: `${(lines.length - to) * ROW}px` }} />}
    </div>
  );
}

interface RowProps {
  line: Line;
  index: number;
  tabbable: boolean;
  pick: () => void;
}

function Row({ line, index, tabbable, pick }: RowProps) {
  const { file } = line;
  const isFile = line.kind === "file";
  const hits = isFile ? file.hits : [line.hit];
  const chosen = chosenOf(hits).length;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it takes the keys of all its rows
    <div
      class={isFile ? "hit-file" : "hit"}
      role="treeitem"
      data-index={index}
      data-path={file.path}
      data-line={isFile ? undefined : line.hit.line}
      aria-level={isFile ? 1 : 2}
      aria-expanded={isFile ? !closed.value.has(file.path) : undefined}
      aria-selected={tabbable}
      aria-checked={
        replacing.value ? (chosen === hits.length ? "true" : chosen > 0 ? "mixed" : "false") : undefined
      }
      tabIndex={tabbable ? 0 : -1}
      onClick={() => {
        pick();
        if (isFile) toggleClosed(file.path, !closed.peek().has(file.path));
        else open(line.hit);
      }}
    >
      {isFile && (
        <Icon name="chevron" class={closed.value.has(file.path) ? "tree-chevron" : "tree-chevron open"} />
      )}
      {replacing.value && (
        <input
          type="checkbox"
          tabIndex={-1}
          aria-hidden="true"
          checked={chosen > 0}
          indeterminate={chosen > 0 && chosen < hits.length}
          onClick={(event) => {
            event.stopPropagation();
            spare(hits, !event.currentTarget.checked);
          }}
        />
      )}
      {isFile ? <FileWords file={file} /> : <HitWords hit={line.hit} spared={chosen === 0} />}
    </div>
  );
}

function FileWords({ file }: { file: FileHits }) {
  return (
    <>
      <span class="hit-name">{nameOf(file.path)}</span>
      <span class="hit-folder">{shortPath(parentOf(file.path))}</span>
      {replacing.value && pattern.value && (
        <IconButton
          class="hit-replace"
          icon="check"
          tabIndex={-1}
          label={t("search.replaceFile", { name: nameOf(file.path) })}
          onClick={(event) => {
            event.stopPropagation();
            replaceAll(file.path).catch(sayError);
          }}
        />
      )}
      <span class="hit-count">{file.hits.length}</span>
    </>
  );
}

function HitWords({ hit, spared: isSpared }: { hit: Found; spared: boolean }) {
  const match = pattern.value;
  const { before, hit: found, after } = excerpt(hit.text, hit.column, match);
  const preview = replacing.value && match && !isSpared && found !== "";
  return (
    <>
      <span class="hit-line">{hit.line}</span>
      <span class="hit-text" title={hit.text.trim()}>
        {before}
        {preview ? (
          <>
            <del>{found}</del>
            <ins>{replaceIn(found, match, replacement.value, asked.value?.regex ?? false)}</ins>
          </>
        ) : (
          <mark>{found}</mark>
        )}
        {after}
      </span>
    </>
  );
}
