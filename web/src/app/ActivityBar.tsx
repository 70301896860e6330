/** The narrow bar at the edge: which view the side shows, Deploy, and the settings. */
import { Keys } from "../actions/Keys";
import { hintOf, runById } from "../actions/registry";
import { DELIVERY } from "../delivery/open";
import { t } from "../i18n";
import { countWords } from "./count";
import { Icon, type IconName } from "./icons";
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
      {DELIVERY.map(({ id, title, icon, open }) => (
        <ActivityButton
          key={id}
          id={id}
          title={t(title)}
          icon={icon}
          keys={hintOf(`${id}.show`)}
          onPress={open}
        />
      ))}
      <span class="spacer" />
      <ActivityButton
        id="deploy"
        title={t("deploy.title")}
        icon="rocket"
        keys={hintOf("deploy.show")}
        pressed={deployOpen}
        wideOnly
        onPress={() => showDeploy(!deployOpen)}
      />
      <ActivityButton
        id="settings"
        title={t("settings.title")}
        icon="gear"
        keys={hintOf("app.settings")}
        onPress={() => runById("app.settings")}
      />
    </nav>
  );
}

function ViewButton({ view }: { view: View }) {
  return (
    <ActivityButton
      id={view.id}
      title={t(view.title)}
      icon={view.icon}
      keys={hintOf(`view.${view.id}`)}
      pressed={sizes.value.sideOpen && sizes.value.view === view.id}
      count={view.badge?.() ?? 0}
      onPress={() => toggleView(view.id)}
    />
  );
}

interface ActivityButtonProps {
  id: string;
  title: string;
  icon: IconName;
  keys: string | undefined;
  /** Of a button that switches something. */
  pressed?: boolean;
  /** How much waits there. */
  count?: number;
  wideOnly?: boolean;
  onPress: () => void;
}

function ActivityButton({
  id,
  title,
  icon,
  keys,
  pressed,
  count = 0,
  wideOnly,
  onPress,
}: ActivityButtonProps) {
  return (
    <span class={wideOnly ? "activity-item wide-only" : "activity-item"}>
      <button
        type="button"
        class="activity-button"
        aria-pressed={pressed}
        aria-label={count > 0 ? `${title}: ${countWords(count)}` : title}
        data-testid={`activity-${id}`}
        onClick={onPress}
      >
        <Icon name={icon} />
        {count > 0 && (
          <span class="activity-badge" aria-hidden="true">
            {countWords(count)}
          </span>
        )}
      </button>
      {/* Beside the button: what it says is not a part of the button's name. */}
      <span class="tip" aria-hidden="true">
        {title} <Keys of={keys} />
      </span>
    </span>
  );
}
