/** The menu of one row, by right click, by its button, or by the menu key. */
import { useEffect, useRef } from "preact/hooks";
import { archiveUrl, fileUrl } from "../api/files";
import { sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { t } from "../i18n";
import { throwAway } from "./actions";
import { duplicate, naming, startNaming } from "./state";
import { isFolder, type Row } from "./tree";

export interface MenuAt {
  row: Row;
  x: number;
  y: number;
}

/** CSS pixels that the menu needs, both ways. */
const ROOM = 220;

export function RowMenu({ at, close }: { at: MenuAt; close: () => void }) {
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    menu.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const away = (event: Event) => {
      if (!menu.current?.contains(event.target as Node)) close();
    };
    addEventListener("pointerdown", away, true);
    addEventListener("blur", close);
    return () => {
      removeEventListener("pointerdown", away, true);
      removeEventListener("blur", close);
    };
  }, [close]);

  function keys(event: KeyboardEvent) {
    const items = [...(menu.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const now = items.indexOf(document.activeElement as HTMLElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      items[(now + step + items.length) % items.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      close();
    }
  }

  const item = (label: string, run: () => void) => (
    <button
      type="button"
      role="menuitem"
      onClick={() => {
        close();
        run();
      }}
    >
      {label}
    </button>
  );
  const { row } = at;
  return (
    <div
      ref={menu}
      class="menu"
      role="menu"
      tabIndex={-1}
      aria-label={t("files.menu", { name: row.name })}
      style={{
        left: `${Math.min(at.x, innerWidth - ROOM)}px`,
        top: `${Math.min(at.y, innerHeight - ROOM)}px`,
      }}
      onKeyDown={keys}
    >
      {item(t("files.newFile"), () => void startNaming("file").catch(sayError))}
      {item(t("files.newFolder"), () => void startNaming("folder").catch(sayError))}
      {item(t("files.rename"), () => {
        naming.value = { kind: "rename", path: row.path };
      })}
      {isFolder(row) ? (
        <a role="menuitem" href={archiveUrl(row.path)} download={`${row.name}.zip`} onClick={close}>
          {t("files.downloadZip")}
        </a>
      ) : (
        <>
          {item(
            t("files.duplicate"),
            () =>
              void duplicate(row.path)
                .then((path) => openFile(path))
                .catch(sayError),
          )}
          <a role="menuitem" href={fileUrl(row.path)} download={row.name} onClick={close}>
            {t("files.download")}
          </a>
        </>
      )}
      {item(t("files.delete"), () => void throwAway(row).catch(sayError))}
    </div>
  );
}
