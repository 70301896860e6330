import { t } from "../i18n";
import { toneOf, workspace, workspaceTrouble } from "./state";

export function StatePill() {
  const state = workspace.value?.state;
  const word = t(`workspace.state.${state ?? "unknown"}`);
  return (
    <span
      class={`pill ${workspaceTrouble.value ? "bad" : toneOf(state)}`}
      title={workspaceTrouble.value || workspace.value?.cause || ""}
      data-testid="workspace-state"
      data-state={state ?? "unknown"}
    >
      <span class="visually-hidden">{t("workspace.title")}: </span>
      {word}
    </span>
  );
}
