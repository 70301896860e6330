import { signal } from "@preact/signals";
import { runById } from "../actions/registry";
import { blocked } from "../api/socket";
import { type Cursor, cursor } from "../editor/documents";
import { languageOf } from "../editor/languages";
import { active, type Buffer, unsaved } from "../editor/state";
import { shortPath } from "../files/state";
import { t } from "../i18n";
import { LanguageStatus } from "../languages/StatusItem";
import { ProblemCount } from "../problems/ProblemCount";
import { changeCount, status } from "../scm/state";
import { SnapshotTrouble } from "../snapshots/SnapshotTrouble";
import { progress, showTour } from "../tour/state";
import { STEPS } from "../tour/steps";
import { workspaceTrouble } from "../workspace/state";
import { UsageMeter } from "../workspace/UsageMeter";
import { Icon } from "./icons";
import { showPanel, showView, sizes } from "./layout";

function saveWords(): { word: string; state: string } {
  const buffer = active.value;
  const count = unsaved.value.length;
  if (buffer?.saving) return { word: t("editor.saving"), state: "saving" };
  if (buffer?.trouble || buffer?.conflict) return { word: t("editor.saveFailed"), state: "failed" };
  if (count > 1) return { word: t("editor.unsavedCount", { count }), state: "unsaved" };
  if (count === 1) return { word: t("editor.unsaved"), state: "unsaved" };
  return { word: buffer && !buffer.panel ? t("editor.saved") : "", state: "saved" };
}

export function StatusBar() {
  const buffer = active.value;
  const { word, state } = saveWords();
  const at = cursor.value;
  return (
    <footer class="status-bar">
      <Connection />
      <SlowWay />
      <BranchButton />
      <span class="status-path">{buffer && !buffer.panel ? shortPath(buffer.path) : ""}</span>
      <span class={`save-state ${state}`} role="status" data-testid="save-state" data-state={state}>
        {word}
      </span>
      <span class="spacer" />
      <TourStatus />
      <SnapshotTrouble />
      <UsageMeter />
      {buffer?.status === "text" && at && <Place at={at} buffer={buffer} />}
      {!sizes.value.terminalOpen && (
        <button type="button" class="wide-only" onClick={() => showPanel(sizes.peek().panel)}>
          <Icon name="terminal" />
          {t("panel.show")}
        </button>
      )}
    </footer>
  );
}

/** Until all steps are done or it was put away. */
function TourStatus() {
  const { done = [], hidden = true } = progress.value ?? {};
  if (hidden || done.length === STEPS.length) return null;
  return (
    <button type="button" class="wide-only" data-testid="tour-status" onClick={showTour}>
      {t("tour.status", { done: done.length, all: STEPS.length })}
    </button>
  );
}

function Place({ at, buffer: { path, encoding } }: { at: Cursor; buffer: Buffer }) {
  return (
    <>
      {at.cursors > 1 && <span>{t("status.cursors", { count: at.cursors })}</span>}
      {at.selected > 0 && <span>{t("status.selected", { count: at.selected })}</span>}
      <button type="button" title={t("find.goToLine")} onClick={() => runById("palette.line")}>
        {t("editor.position", { line: at.line, column: at.column })}
      </button>
      <span class="wide-only">
        {at.indent === "\t" ? t("status.tabs") : t("status.spaces", { count: at.indent.length })}
      </span>
      <span class="wide-only" data-testid="encoding">
        {encoding}
        {at.crlf && " CRLF"}
      </span>
      <ProblemCount path={path} />
      <LanguageStatus path={path} />
      <span>{languageOf(path)?.name ?? "Text"}</span>
    </>
  );
}

const online = signal(navigator.onLine);
for (const event of ["online", "offline"]) {
  addEventListener(event, () => {
    online.value = navigator.onLine;
  });
}

/** Said only while it is away. */
function Connection() {
  if (online.value && workspaceTrouble.value === "") return null;
  return (
    <span class="status-away" role="status" title={t("status.offline.hint")} data-testid="connection">
      <Icon name="warning" />
      {online.value ? t("status.reconnecting") : t("status.offline")}
    </span>
  );
}

/** Terminals work without WebSockets, and are slower; the test says what is in the way. */
function SlowWay() {
  if (!blocked.value) return null;
  return (
    <button
      type="button"
      class="status-slow"
      title={t("network.blocked.hint")}
      data-testid="slow-way"
      onClick={() => runById("network.test")}
    >
      <Icon name="warning" />
      {t("network.blocked")}
    </button>
  );
}

function BranchButton() {
  const { branch, ahead = 0, behind = 0 } = status.value ?? {};
  if (!branch) return null;
  return (
    <button
      type="button"
      title={t("status.branch", { branch })}
      data-testid="status-branch"
      onClick={() => showView("scm")}
    >
      <Icon name="branch" />
      {branch}
      {changeCount.value > 0 && "*"}
      {behind > 0 && <span>{behind}↓</span>}
      {ahead > 0 && <span>{ahead}↑</span>}
    </button>
  );
}
