/** The application's own switch: stopped, nothing of it runs and its data stays, until it is started or deployed. */
import { useState } from "preact/hooks";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { app, running } from "./state";
import { switchApp } from "./switchApp";

/** `after` is called once the cluster was told. */
export function Power({ after }: { after?: () => unknown }) {
  const [busy, setBusy] = useState(false);
  const now = app.value;
  if (!now?.current?.id) return null;
  const starts = now.stopped === true;
  const press = async () => {
    setBusy(true);
    try {
      await switchApp(starts, after);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type="button"
      class={starts ? "button small primary" : "button small"}
      data-testid={starts ? "app-start" : "app-stop"}
      title={t(starts ? "app.power.startHint" : "app.power.stopHint")}
      disabled={busy || running.value}
      onClick={() => press().catch(sayError)}
    >
      {t(starts ? "app.power.start" : "app.power.stop")}
    </button>
  );
}
