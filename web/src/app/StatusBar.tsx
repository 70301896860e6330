import { cursor } from "../editor/documents";
import { languageOf } from "../editor/languages";
import { active, unsaved } from "../editor/state";
import { shortPath } from "../files/state";
import { t } from "../i18n";
import { UsageMeter } from "../workspace/UsageMeter";
import { Icon } from "./icons";
import { showTerminal, sizes } from "./layout";

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
      <span class="status-path">{buffer && !buffer.panel ? shortPath(buffer.path) : ""}</span>
      <span class={`save-state ${state}`} role="status" data-testid="save-state" data-state={state}>
        {word}
      </span>
      <span class="spacer" />
      <UsageMeter />
      {buffer && at && <span>{t("editor.position", at)}</span>}
      {buffer && !buffer.panel && <span>{languageOf(buffer.path)?.name ?? "Text"}</span>}
      {!sizes.value.terminalOpen && (
        <button type="button" class="wide-only" onClick={() => showTerminal(true)}>
          <Icon name="terminal" />
          {t("terminal.show")}
        </button>
      )}
    </footer>
  );
}
