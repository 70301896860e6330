/** Tabs of open files over the one editor. */
import { useEffect, useRef } from "preact/hooks";
import { Keys } from "../actions/Keys";
import { actionOf, hintOf } from "../actions/registry";
import { fileUrl } from "../api/files";
import { Icon } from "../app/icons";
import { Logo } from "../app/Logo";
import { tabKeys } from "../app/tabs";
import { sayError } from "../app/toast";
import { nameOf } from "../files/tree";
import { t } from "../i18n";
import { askClose } from "./closing";
import { TOO_LARGE_BYTES } from "./decode";
import { attach, focusEditor } from "./documents";
import {
  activate,
  active,
  activePath,
  type Buffer,
  buffers,
  keepMine,
  openFile,
  save,
  takeTheirs,
} from "./state";
import "./editor.css";

const MIB = 1024 * 1024;

export function EditorGroup() {
  const buffer = active.value;
  const text = buffer?.status === "text";
  return (
    <section class="editor" aria-label={t("app.pane.editor")}>
      {buffers.value.length > 0 && (
        <header class="tabs-bar">
          <div class="tabs" role="tablist" aria-label={t("editor.tabs")} onKeyDown={tabKeys}>
            {buffers.value.map((each) => (
              <FileTab key={each.path} buffer={each} />
            ))}
          </div>
        </header>
      )}
      <div class="editor-body" id="editor-panel" role={buffer ? "tabpanel" : undefined}>
        {buffer && <Banner buffer={buffer} />}
        <CodeArea hidden={!text} />
        {buffer?.panel && <div class="editor-panel">{buffer.panel.render()}</div>}
        {buffer && !text && !buffer.panel && <NotText buffer={buffer} />}
        {!buffer && <Empty />}
      </div>
    </section>
  );
}

function FileTab({ buffer }: { buffer: Buffer }) {
  const name = buffer.panel?.title() ?? nameOf(buffer.path);
  const selected = buffer.path === activePath.value;
  const head = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (selected) head.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [selected]);
  return (
    <div ref={head} class={selected ? "tab selected" : "tab"} data-dirty={buffer.dirty}>
      <button
        type="button"
        class="tab-label"
        role="tab"
        aria-selected={selected}
        aria-controls="editor-panel"
        tabIndex={selected ? 0 : -1}
        title={buffer.panel ? name : buffer.path}
        aria-keyshortcuts="Delete"
        onClick={() => activate(buffer.path)}
        onKeyDown={(event) => event.key === "Delete" && askClose(buffer).catch(sayError)}
        onAuxClick={(event) => event.button === 1 && askClose(buffer).catch(sayError)}
      >
        {buffer.panel && <Icon name={buffer.panel.icon} />}
        {name}
        {buffer.dirty && <span class="visually-hidden">{t("editor.unsaved")}</span>}
      </button>
      <button
        type="button"
        class="icon-button tab-close"
        tabIndex={-1}
        aria-hidden="true"
        title={t("editor.close", { name })}
        onClick={() => askClose(buffer).catch(sayError)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

function CodeArea({ hidden }: { hidden: boolean }) {
  const area = useRef<HTMLDivElement>(null);
  useEffect(() => (area.current ? attach(area.current) : undefined), []);
  return <div ref={area} class="code" data-testid="editor" hidden={hidden} />;
}

/** The button is gone once it has done its work; the keys go on in the text. */
function settle(work: Promise<unknown>): void {
  work.then(focusEditor).catch(sayError);
}

/** What stands between the text and the disk, and the ways out. */
function Banner({ buffer }: { buffer: Buffer }) {
  const { path, conflict, recovered, trouble, readOnly } = buffer;
  if (conflict) {
    const gone = conflict.etag === null;
    return (
      <div class="banner warn" role="alert">
        <span>{gone ? t("editor.conflict.gone") : t("editor.conflict")}</span>
        <button type="button" class="button small" onClick={() => settle(keepMine(path))}>
          {gone ? t("editor.recreate") : t("editor.keepMine")}
        </button>
        {!gone && (
          <button type="button" class="button small" onClick={() => settle(takeTheirs(path))}>
            {t("editor.takeTheirs")}
          </button>
        )}
      </div>
    );
  }
  if (trouble && buffer.status === "text") {
    return (
      <div class="banner bad" role="alert">
        <span>{trouble}</span>
        <button type="button" class="button small" onClick={() => settle(save(path))}>
          {t("app.retry")}
        </button>
      </div>
    );
  }
  if (recovered !== null) {
    return (
      <div class="banner" role="status">
        <span>{t("editor.recovered", { time: new Date(recovered).toLocaleString() })}</span>
        <button type="button" class="button small" onClick={() => settle(save(path))}>
          {t("editor.save")}
        </button>
        <button type="button" class="button small" onClick={() => settle(takeTheirs(path))}>
          {t("editor.discard")}
        </button>
      </div>
    );
  }
  return readOnly ? <div class="banner">{t("editor.readOnly")}</div> : null;
}

function NotText({ buffer }: { buffer: Buffer }) {
  const { path, status, trouble } = buffer;
  if (status === "loading") return <p class="editor-note">{t("app.loading")}</p>;
  if (status === "failed") {
    return (
      <div class="editor-note" role="alert">
        <p>{trouble}</p>
        <button type="button" class="button" onClick={() => openFile(path).catch(sayError)}>
          {t("app.retry")}
        </button>
      </div>
    );
  }
  const image = /\.(png|jpe?g|gif|webp|avif|ico|bmp)$/i.test(path);
  return (
    <div class="editor-note">
      {image && status === "binary" ? (
        <img src={fileUrl(path)} alt={nameOf(path)} />
      ) : (
        <p>
          {status === "large"
            ? t("editor.large", { limit: `${TOO_LARGE_BYTES / MIB} MiB` })
            : t("editor.binary")}
        </p>
      )}
      <a class="button" href={fileUrl(path)} download={nameOf(path)}>
        {t("files.download")}
      </a>
    </div>
  );
}

/** Actions that an empty editor names, so that they are learned. */
const SHOWN = ["palette.commands", "palette.files", "file.save", "terminal.toggle", "app.keys"];

function Empty() {
  return (
    <div class="editor-empty">
      <Logo size={72} />
      <p>{t("editor.empty")}</p>
      <dl>
        {SHOWN.map((id) => actionOf(id)).map(
          (action) =>
            action && (
              <div key={action.id}>
                <dt>
                  <Keys of={hintOf(action.id)} />
                </dt>
                <dd>{t(action.title)}</dd>
              </div>
            ),
        )}
      </dl>
    </div>
  );
}
