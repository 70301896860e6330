/** The project's files, as an ARIA tree: arrows walk, Enter opens, F2 renames, Delete deletes. */
import { useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "../app/icons";
import { sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { type Key, t } from "../i18n";
import { activate, askRemove } from "./actions";
import { NameField } from "./NameField";
import { type MenuAt, RowMenu } from "./RowMenu";
import {
  create,
  naming,
  refreshTree,
  rename,
  root,
  rows,
  selected,
  startNaming,
  toggle,
  treeLoaded,
} from "./state";
import { isFolder, nameOf, parentOf, type Row } from "./tree";
import "./files.css";

function NewRow({ depth }: { depth: number }) {
  const now = naming.value;
  if (!now || now.kind === "rename") return null;
  return (
    <div class="tree-row" style={{ paddingInlineStart: indent(depth) }}>
      <span class="tree-chevron" />
      <Icon name={now.kind === "folder" ? "folder" : "file"} class="tree-icon" />
      <NameField
        initial=""
        done={(name) => {
          naming.value = null;
          if (name === null) return;
          create(now.kind, now.folder, name)
            .then((path) => (now.kind === "file" ? openFile(path) : undefined))
            .catch(sayError);
        }}
      />
    </div>
  );
}

const indent = (depth: number): string => `calc(var(--s2) + ${depth} * 14px)`;

function HeadButton({ icon, words, run }: { icon: IconName; words: Key; run: () => Promise<void> }) {
  return (
    <button
      type="button"
      class="icon-button"
      title={t(words)}
      aria-label={t(words)}
      onClick={() => run().catch(sayError)}
    >
      <Icon name={icon} />
    </button>
  );
}

export function FileTree() {
  const [menu, setMenu] = useState<MenuAt | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const visible = rows.value;
  const current = visible.some((row) => row.path === selected.value)
    ? selected.value
    : (visible[0]?.path ?? "");
  const now = naming.value;

  function focusRow(path: string) {
    selected.value = path;
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
        askRemove(row).catch(sayError);
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
      </header>
      <div
        ref={list}
        class="tree"
        role="tree"
        aria-label={t("files.title")}
        data-testid="file-tree"
        onKeyDown={keys}
      >
        {now && now.kind !== "rename" && now.folder === root.value && <NewRow depth={0} />}
        {visible.map((row) => (
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
        {treeLoaded.value && visible.length === 0 && !now && <p class="tree-empty">{t("files.empty")}</p>}
      </div>
      {menu && <RowMenu at={menu} close={closeMenu} />}
    </section>
  );
}

function TreeRow({
  row,
  tabbable,
  onMenu,
}: {
  row: Row;
  tabbable: boolean;
  onMenu: (x: number, y: number) => void;
}) {
  const now = naming.value;
  const renaming = now?.kind === "rename" && now.path === row.path;
  return (
    <>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it takes the keys of all its rows */}
      <div
        class="tree-row"
        role="treeitem"
        data-path={row.path}
        aria-level={row.depth + 1}
        aria-posinset={row.position}
        aria-setsize={row.siblings}
        aria-selected={selected.value === row.path}
        aria-expanded={isFolder(row) ? row.expanded : undefined}
        tabIndex={tabbable ? 0 : -1}
        style={{ paddingInlineStart: indent(row.depth) }}
        title={row.name}
        onClick={() => activate(row)}
        onContextMenu={(event) => {
          event.preventDefault();
          const keyboard = event.clientX === 0 && event.clientY === 0;
          const box = event.currentTarget.getBoundingClientRect();
          onMenu(keyboard ? box.left + 24 : event.clientX, keyboard ? box.bottom : event.clientY);
        }}
      >
        {isFolder(row) ? (
          <Icon name="chevron" class={row.expanded ? "tree-chevron open" : "tree-chevron"} />
        ) : (
          <span class="tree-chevron" />
        )}
        <Icon
          name={isFolder(row) ? "folder" : "file"}
          class={isFolder(row) ? "tree-icon wood" : "tree-icon"}
        />
        {renaming ? (
          <NameField
            initial={nameOf(row.path)}
            done={(name) => {
              naming.value = null;
              if (name !== null) rename(row.path, name).catch(sayError);
            }}
          />
        ) : (
          <>
            <span class="tree-name">{row.name}</span>
            <button
              type="button"
              class="icon-button tree-more"
              tabIndex={-1}
              aria-label={t("files.menu", { name: row.name })}
              onClick={(event) => {
                event.stopPropagation();
                const box = event.currentTarget.getBoundingClientRect();
                onMenu(box.left, box.bottom);
              }}
            >
              <Icon name="more" />
            </button>
          </>
        )}
      </div>
      {now && now.kind !== "rename" && now.folder === row.path && row.expanded && (
        <NewRow depth={row.depth + 1} />
      )}
    </>
  );
}
