/** The project's files, as an ARIA tree: arrows walk, Enter opens, F2 renames, Delete deletes. */

import { useState } from "preact/hooks";
import { IconButton } from "../app/IconButton";
import type { IconName } from "../app/icons";
import { sayError } from "../app/toast";
import { type Key, t } from "../i18n";
import { showNewProject } from "../projects/open";
import { showTrash } from "../trash/open";
import { activate, moveInto, throwAway } from "./actions";
import { type MenuAt, RowMenu } from "./RowMenu";
import {
  naming,
  refreshTree,
  root,
  rows,
  selected,
  shortPath,
  startNaming,
  toggle,
  treeLoaded,
} from "./state";
import { MOVE_TYPE, NewRow, TreeRow } from "./TreeRow";
import { isFolder, parentOf, type Row } from "./tree";
import { UploadBar } from "./UploadBar";
import { dropped, send } from "./uploading";
import { useWindow } from "./window";
import "./files.css";

/** CSS pixels; fingers need more. */
const ROW = matchMedia("(hover: none)").matches ? 38 : 26;

function HeadButton({ icon, words, run }: { icon: IconName; words: Key; run: () => Promise<void> | void }) {
  return <IconButton icon={icon} label={t(words)} onClick={() => run()?.catch(sayError)} />;
}

export function FileTree() {
  const [menu, setMenu] = useState<MenuAt | null>(null);
  const [dropAt, setDropAt] = useState<string | null>(null);
  const visible = rows.value;
  const current = visible.some((row) => row.path === selected.value)
    ? selected.value
    : (visible[0]?.path ?? "");
  const now = naming.value;
  const { list, look, from, to } = useWindow(visible.length, ROW);

  /** Where a drop falls: the folder under it, that of the file under it, or the whole tree's. */
  function folderAt(event: DragEvent): string {
    const path = (event.target as Element).closest<HTMLElement>("[data-path]")?.dataset.path;
    const row = visible.find((row) => row.path === path);
    if (!row) return root.peek();
    return isFolder(row) ? row.path : parentOf(row.path);
  }

  function focusRow(path: string) {
    selected.value = path;
    const frame = list.current;
    const top = visible.findIndex((row) => row.path === path) * ROW;
    // A row out of view may not be drawn; scrolling there draws it.
    if (frame && top < frame.scrollTop) frame.scrollTop = top;
    else if (frame && top + ROW > frame.scrollTop + frame.clientHeight)
      frame.scrollTop = top + ROW - frame.clientHeight;
    requestAnimationFrame(() => {
      list.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`)?.focus();
    });
  }

  function closeMenu() {
    const path = menu?.row.path;
    setMenu(null);
    if (path !== undefined && naming.peek() === null) focusRow(path);
  }

  function keys(event: KeyboardEvent) {
    const index = visible.findIndex((row) => row.path === current);
    const row = visible[index];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const go = (to: Row | undefined) => to && focusRow(to.path);
    switch (event.key) {
      case "ArrowDown":
        go(visible[index + 1]);
        break;
      case "ArrowUp":
        go(visible[index - 1]);
        break;
      case "Home":
        go(visible[0]);
        break;
      case "End":
        go(visible.at(-1));
        break;
      case "ArrowRight":
        if (isFolder(row) && !row.expanded) toggle(row.path, true).catch(sayError);
        else if (isFolder(row)) go(visible[index + 1]);
        break;
      case "ArrowLeft":
        if (row.expanded) toggle(row.path, false).catch(sayError);
        else if (parentOf(row.path) !== root.peek()) focusRow(parentOf(row.path));
        break;
      case "Enter":
      case " ":
        activate(row);
        break;
      case "F2":
        naming.value = { kind: "rename", path: row.path };
        break;
      case "Delete":
        throwAway(row).catch(sayError);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  return (
    <section class="files" aria-label={t("files.title")}>
      <header class="pane-head">
        <h2>{t("files.title")}</h2>
        <HeadButton icon="newFile" words="files.newFile" run={() => startNaming("file")} />
        <HeadButton icon="newFolder" words="files.newFolder" run={() => startNaming("folder")} />
        <HeadButton icon="refresh" words="files.refresh" run={refreshTree} />
        <HeadButton icon="layers" words="project.new" run={showNewProject} />
        <HeadButton icon="trash" words="trash.title" run={showTrash} />
      </header>
      <div
        ref={list}
        class={dropAt === null ? "tree" : "tree dropping"}
        role="tree"
        aria-label={t("files.title")}
        data-testid="file-tree"
        style={{ "--row": `${ROW}px` }}
        onKeyDown={keys}
        onScroll={look}
        onDragOver={(event) => {
          const types = event.dataTransfer?.types ?? [];
          if (!event.dataTransfer || !(types.includes("Files") || types.includes(MOVE_TYPE))) return;
          event.preventDefault();
          event.dataTransfer.dropEffect = types.includes(MOVE_TYPE) ? "move" : "copy";
          setDropAt(folderAt(event));
        }}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropAt(null);
        }}
        onDrop={(event) => {
          const folder = folderAt(event);
          setDropAt(null);
          const moved = event.dataTransfer?.getData(MOVE_TYPE);
          if (moved) {
            event.preventDefault();
            moveInto(moved, folder).catch(sayError);
            return;
          }
          if (!event.dataTransfer?.types.includes("Files")) return;
          event.preventDefault();
          dropped(event.dataTransfer, folder)
            .then((outgoing) => send(outgoing, folder))
            .catch(sayError);
        }}
      >
        {now && now.kind !== "rename" && now.folder === root.value && <NewRow depth={0} />}
        {from > 0 && <div style={{ height: `${from * ROW}px` }} />}
        {visible.slice(from, to).map((row) => (
          <TreeRow
            key={row.path}
            row={row}
            tabbable={row.path === current}
            onMenu={(x, y) => {
              selected.value = row.path;
              setMenu({ row, x, y });
            }}
          />
        ))}
        {to < visible.length && <div style={{ height: `${(visible.length - to) * ROW}px` }} />}
        {treeLoaded.value && visible.length === 0 && !now && <p class="tree-empty">{t("files.empty")}</p>}
      </div>
      {dropAt !== null && (
        <p class="drop-hint">{t("files.dropHere", { folder: shortPath(dropAt) || t("files.title") })}</p>
      )}
      <UploadBar />
      {menu && <RowMenu at={menu} close={closeMenu} />}
    </section>
  );
}
