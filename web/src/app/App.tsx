/** The IDE page: bar above, panes side by side (one at a time on a phone), status below. */
import { Shortcuts } from "../actions/Shortcuts";
import { signedOut } from "../api/http";
import { DeployPanel } from "../deploy/DeployPanel";
import { EditorArea } from "../editor/EditorArea";
import { t } from "../i18n";
import { Palette } from "../palette/Palette";
import { Panel } from "../panel/Panel";
import { shown as projectShown } from "../projects/open";
import { SettingsDialog } from "../settings/SettingsDialog";
import { shown as snapshotsShown } from "../snapshots/open";
import { shown as trashShown } from "../trash/open";
import { WorkspaceBanner } from "../workspace/Banner";
import { StartView } from "../workspace/StartView";
import { ready } from "../workspace/state";
import { ActivityBar } from "./ActivityBar";
import { ConfirmDialog } from "./confirm";
import { Icon, type IconName } from "./icons";
import { LazyDialog } from "./LazyDialog";
import { PANES, type Pane, pane, sizes } from "./layout";
import { SidePane } from "./SidePane";
import { Splitter } from "./Splitter";
import { StatusBar } from "./StatusBar";
import { TopBar } from "./TopBar";
import { Toasts } from "./toast";
import "./app.css";

const PANE_ICONS: Record<Pane, IconName> = {
  files: "folder",
  editor: "file",
  terminal: "terminal",
  deploy: "rocket",
};

export function App() {
  const { files, terminal, deploy, terminalOpen, deployOpen, sideOpen } = sizes.value;
  return (
    <div class="shell" data-pane={pane.value}>
      <a class="skip" href="#editor-panel">
        {t("app.skip")}
      </a>
      <TopBar />
      {!signedOut.value && <WorkspaceBanner />}
      {signedOut.value && (
        <div class="banner bad" role="alert">
          <span>{t("app.signedOut")}</span>
          <a class="button small" href="/login" target="_blank" rel="noreferrer">
            {t("app.logIn")}
          </a>
        </div>
      )}
      <main
        class="panes"
        data-terminal={terminalOpen}
        data-deploy={deployOpen}
        data-side={sideOpen}
        style={{ "--files": `${files}px`, "--terminal": `${terminal}px`, "--deploy": `${deploy}px` }}
      >
        <div class="panes-inner" inert={!ready.value}>
          <ActivityBar />
          <div class="pane pane-files">
            <SidePane />
          </div>
          <Splitter of="files" orientation="vertical" direction={1} />
          <div class="pane-center">
            <div class="pane pane-editor">
              <EditorArea />
            </div>
            <Splitter of="terminal" orientation="horizontal" direction={-1} />
            <div class="pane pane-terminal">
              <Panel />
            </div>
          </div>
          <Splitter of="deploy" orientation="vertical" direction={-1} />
          <div class="pane pane-deploy">
            <DeployPanel />
          </div>
        </div>
        <StartView />
      </main>
      <StatusBar />
      <nav class="pane-switch" aria-label={t("app.title")}>
        {PANES.map((each) => (
          <button
            type="button"
            key={each}
            aria-current={pane.value === each ? "page" : undefined}
            onClick={() => {
              pane.value = each;
            }}
          >
            <Icon name={PANE_ICONS[each]} />
            {t(`app.pane.${each}`)}
          </button>
        ))}
      </nav>
      <Toasts />
      <Palette />
      <Shortcuts />
      <SettingsDialog />
      <LazyDialog
        shown={snapshotsShown}
        load={() => import("../snapshots/SnapshotsDialog").then((module) => module.SnapshotsDialog)}
      />
      <LazyDialog
        shown={projectShown}
        load={() => import("../projects/NewProject").then((module) => module.NewProject)}
      />
      <LazyDialog
        shown={trashShown}
        load={() => import("../trash/TrashDialog").then((module) => module.TrashDialog)}
      />
      <ConfirmDialog />
    </div>
  );
}
