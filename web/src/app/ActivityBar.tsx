/** The narrow bar at the edge: which view the side shows, Deploy, and the settings. */
import { Keys } from "../actions/Keys";
import { hintOf, runById } from "../actions/registry";
import { t } from "../i18n";
import { Icon } from "./icons";
import { showDeploy, showSide, showView, sizes } from "./layout";
import { VIEWS, type View } from "./views";

/** A second press on the view in front puts the side away. */
export function toggleView(id: string): void {
  const { view, sideOpen } = sizes.peek();
  if (sideOpen && view === id && !matchMedia("(width < 760px)").matches) showSide(false);
  else showView(id);
}

export function ActivityBar() {
  const { deployOpen } = sizes.value;
  return (
    <nav class="activity" aria-label={t("side.views")}>
      {VIEWS.map((view) => (
        <ViewButton key={view.id} view={view} />
      ))}
      <span class="spacer" />
      <button
        type="button"
        class="activity-button wide-only"
        aria-pressed={deployOpen}
        aria-label={t("deploy.title")}
        data-testid="activity-deploy"
        onClick={() => showDeploy(!deployOpen)}
      >
        <Icon name="rocket" />
        <Tip text={t("deploy.title")} keys={hintOf("deploy.show")} />
      </button>
      <button
        type="button"
        class="activity-button"
        aria-label={t("settings.title")}
        data-testid="activity-settings"
        onClick={() => runById("app.settings")}
      >
        <Icon name="gear" />
        <Tip text={t("settings.title")} keys={hintOf("app.settings")} />
      </button>
    </nav>
  );
}

function ViewButton({ view }: { view: View }) {
  const shown = sizes.value.sideOpen && sizes.value.view === view.id;
  const count = view.badge?.() ?? 0;
  const title = t(view.title);
  return (
    <button
      type="button"
      class="activity-button"
      aria-pressed={shown}
      aria-label={count > 0 ? `${title} (${count})` : title}
      data-testid={`activity-${view.id}`}
      onClick={() => toggleView(view.id)}
    >
      <Icon name={view.icon} />
      {count > 0 && <span class="activity-badge">{count > 99 ? "99+" : count}</span>}
      <Tip text={title} keys={hintOf(`view.${view.id}`)} />
    </button>
  );
}

function Tip({ text, keys }: { text: string; keys: string | undefined }) {
  return (
    <span class="tip" aria-hidden="true">
      {text} <Keys of={keys} />
    </span>
  );
}
