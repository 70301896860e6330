/** One row of the tree, and the row where a new name is typed. */
import { IconButton } from "../app/IconButton";
import { Icon } from "../app/icons";
import { sayError } from "../app/toast";
import { FILE_TYPE } from "../editor/dragging";
import { openFile } from "../editor/state";
import { t } from "../i18n";
import { letterOf, wordsOf } from "../scm/letters";
import { decorations } from "../scm/state";
import { activate } from "./actions";
import { NameField } from "./NameField";
import { create, naming, rename, selected } from "./state";
import { isFolder, nameOf, type Row } from "./tree";

/** A row that is dragged onto another. */
export const MOVE_TYPE = "application/x-maru-move";

const indent = (depth: number): string => `calc(var(--s2) + ${depth} * 14px)`;

export function NewRow({ depth }: { depth: number }) {
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

export function TreeRow({
  row,
  tabbable,
  onMenu,
}: {
  row: Row;
  tabbable: boolean;
  onMenu: (x: number, y: number) => void;
}) {
  const now = naming.value;
  const change = decorations.value.get(row.path);
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
        data-git={change}
        draggable={!renaming}
        onDragStart={(event) => {
          event.dataTransfer?.setData(MOVE_TYPE, row.path);
          if (!isFolder(row)) event.dataTransfer?.setData(FILE_TYPE, row.path);
        }}
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
            {change && (
              <span class="tree-git" title={t(wordsOf(change))}>
                <span aria-hidden="true">{letterOf(change)}</span>
                <span class="visually-hidden">{t(wordsOf(change))}</span>
              </span>
            )}
            <IconButton
              class="tree-more"
              icon="more"
              tabIndex={-1}
              label={t("files.menu", { name: row.name })}
              onClick={(event) => {
                event.stopPropagation();
                const box = event.currentTarget.getBoundingClientRect();
                onMenu(box.left, box.bottom);
              }}
            />
          </>
        )}
      </div>
      {now && now.kind !== "rename" && now.folder === row.path && row.expanded && (
        <NewRow depth={row.depth + 1} />
      )}
    </>
  );
}
