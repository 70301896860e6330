/** One group of the editor: its tabs over what the tab in front shows. */

import { useEffect, useRef } from "preact/hooks";
import { Keys } from "../actions/Keys";
import { actionOf, hintOf } from "../actions/registry";
import { IconButton } from "../app/IconButton";
import { Icon } from "../app/icons";
import { Logo } from "../app/Logo";
import { tabKeys } from "../app/tabs";
import { sayError } from "../app/toast";
import { nameOf } from "../files/tree";
import { t } from "../i18n";
import { FirstSteps, progress } from "../tour/state";
import { viewerOf } from "../viewers/kinds";
import { FileViewer, showPreview } from "../viewers/open";
import { Banner } from "./Banner";
import { askClose } from "./closing";
import { attach } from "./documents";
import { drop, dropZone, isDragged, TAB_TYPE, zoneAt } from "./dragging";
import { activeGroup, type Group, groups } from "./groups";
import { activate, type Buffer, buffers, openFile } from "./state";
import { activateGroup, joinGroup, split } from "./tabs";

export function EditorGroup({ group, narrow }: { group: Group; narrow: boolean }) {
  const buffer = buffers.value.find(({ path }) => path === group.active) ?? null;
  const text = buffer?.status === "text";
  const inFront = activeGroup.value === group.id;
  // On a narrow screen it is the only group that is seen: it has the tabs of all.
  const tabs = narrow ? groups.value.flatMap((each) => each.tabs) : group.tabs;
  const zone = dropZone.value?.group === group.id ? dropZone.value.zone : null;
  const panelId = `editor-${group.id}`;
  return (
    <div
      class="editor-group"
      data-testid="editor-group"
      data-group={group.id}
      data-front={inFront}
      onFocusIn={() => activateGroup(group.id)}
      onPointerDown={() => activateGroup(group.id)}
    >
      {(tabs.length > 0 || groups.value.length > 1) && (
        <header class="tabs-bar">
          <TabList group={group} tabs={tabs} panelId={panelId} />
          <span class="spacer" />
          <GroupTools group={group} buffer={buffer} />
        </header>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: things are dropped here; keys have actions for it */}
      <div
        class="editor-body"
        id={inFront ? "editor-panel" : undefined}
        onDragOver={(event) => {
          if (!isDragged(event)) return;
          event.preventDefault();
          const box = event.currentTarget.getBoundingClientRect();
          dropZone.value = { group: group.id, zone: zoneAt(box, event.clientX, event.clientY) };
        }}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) dropZone.value = null;
        }}
        onDrop={(event) => {
          if (!isDragged(event)) return;
          event.preventDefault();
          const box = event.currentTarget.getBoundingClientRect();
          drop(event, group.id, zoneAt(box, event.clientX, event.clientY));
        }}
      >
        <div class="editor-tabpanel" id={panelId} role={buffer ? "tabpanel" : undefined}>
          {buffer && <Banner buffer={buffer} />}
          <CodeArea group={group.id} hidden={!text} />
          {buffer?.panel && <div class="editor-panel">{buffer.panel.render()}</div>}
          {buffer && !text && !buffer.panel && <NotText buffer={buffer} />}
          {!buffer && <Empty group={group} />}
        </div>
        {zone && <div class={`drop-zone ${zone}`} />}
      </div>
    </div>
  );
}

interface TabListProps {
  group: Group;
  tabs: readonly string[];
  panelId: string;
}

function TabList({ group, tabs, panelId }: TabListProps) {
  /** The place among the tabs that is nearest to the pointer. */
  const placeOf = (event: DragEvent & { currentTarget: HTMLElement }): number => {
    const heads = [...event.currentTarget.querySelectorAll(".tab")];
    const at = heads.findIndex((head) => {
      const { left, width } = head.getBoundingClientRect();
      return event.clientX < left + width / 2;
    });
    return at < 0 ? heads.length : at;
  };
  return (
    <div
      class="tabs"
      role="tablist"
      aria-label={t("editor.tabs")}
      onKeyDown={tabKeys}
      onDragOver={(event) => isDragged(event) && event.preventDefault()}
      onDrop={(event) => {
        if (!isDragged(event)) return;
        event.preventDefault();
        drop(event, group.id, "middle", placeOf(event));
      }}
    >
      {tabs.map((path) => {
        const buffer = buffers.value.find((each) => each.path === path);
        return (
          buffer && <FileTab key={path} buffer={buffer} selected={path === group.active} panelId={panelId} />
        );
      })}
    </div>
  );
}

function GroupTools({ group, buffer }: { group: Group; buffer: Buffer | null }) {
  return (
    <>
      {buffer?.status === "text" && viewerOf(buffer.path) !== null && (
        <IconButton
          icon="eye"
          label={t("viewer.preview")}
          data-testid="preview"
          onClick={() => showPreview(buffer.path)}
        />
      )}
      <IconButton
        class="wide-only"
        icon="split"
        label={t("editor.splitRight")}
        data-testid="split-right"
        onClick={() => split(group.id, "right", group.active)}
      />
      {groups.value.length > 1 && (
        <IconButton
          class="wide-only"
          icon="close"
          label={t("editor.joinGroup")}
          onClick={() => joinGroup(group.id)}
        />
      )}
    </>
  );
}

interface FileTabProps {
  buffer: Buffer;
  selected: boolean;
  panelId: string;
}

function FileTab({ buffer, selected, panelId }: FileTabProps) {
  const name = buffer.panel?.title() ?? nameOf(buffer.path);
  const head = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (selected) head.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [selected]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it is dragged; keys move it by their own action
    <div
      ref={head}
      class={selected ? "tab selected" : "tab"}
      data-dirty={buffer.dirty}
      draggable
      onDragStart={(event) => {
        event.dataTransfer?.setData(TAB_TYPE, buffer.path);
        if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
      }}
      onDragEnd={() => {
        dropZone.value = null;
      }}
    >
      <button
        type="button"
        class="tab-label"
        role="tab"
        aria-selected={selected}
        aria-controls={panelId}
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

function CodeArea({ group, hidden }: { group: string; hidden: boolean }) {
  const area = useRef<HTMLDivElement>(null);
  useEffect(() => (area.current ? attach(group, area.current) : undefined), [group]);
  return <div ref={area} class="code" data-testid="editor" hidden={hidden} />;
}

function NotText({ buffer }: { buffer: Buffer }) {
  const { path, status, trouble } = buffer;
  if (status === "loading")
    return (
      <p class="editor-note" aria-busy="true">
        {t("app.loading")}
      </p>
    );
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
  return <FileViewer key={`${path} ${buffer.etag}`} path={path} size={buffer.size} />;
}

/** Actions that an empty editor names, so that they are learned. */
const SHOWN = ["palette.commands", "palette.files", "file.save", "terminal.toggle", "app.keys"];

function Empty({ group }: { group: Group }) {
  const touring = progress.value?.hidden === false;
  return (
    <div class="editor-empty">
      {!touring && <Logo size={72} />}
      {!touring && <p>{t("editor.empty")}</p>}
      {touring && <FirstSteps />}
      {groups.value.length > 1 && (
        <button type="button" class="button" onClick={() => joinGroup(group.id)}>
          {t("editor.joinGroup")}
        </button>
      )}
      {!touring && <Hints />}
    </div>
  );
}

function Hints() {
  return (
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
  );
}
