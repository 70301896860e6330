/** After a Deploy that failed: the way back to what ran before, where the cluster has left it. */
import { useEffect } from "preact/hooks";
import { readRollouts } from "../api/rollouts";
import { Icon } from "../app/icons";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { askToGoBack, goingBack, lastHealthy, rollouts } from "./rollouts";

export function GoBack() {
  useEffect(() => {
    readRollouts()
      .then((all) => {
        rollouts.value = all;
      })
      .catch(sayError);
  }, []);
  const to = lastHealthy(rollouts.value);
  const now = goingBack.value;
  if (now !== null)
    return (
      <button type="button" class="button" disabled>
        {t("appmap.goingBack", { number: now })}
      </button>
    );
  if (to === null) return null;
  return (
    <button
      type="button"
      class="button"
      data-testid="deploy-back"
      onClick={() => askToGoBack(to).catch(sayError)}
    >
      <Icon name="undo" />
      {t("appmap.backTo", { number: to.number })}
    </button>
  );
}
