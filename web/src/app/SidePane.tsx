/** The view at the side; those that were shown before stay in the page, out of sight. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { again } from "../api/again";
import { t } from "../i18n";
import { sizes } from "./layout";
import { sayError } from "./toast";
import { VIEWS, type View, viewOf } from "./views";

export function SidePane() {
  const now = viewOf(sizes.value.view);
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setSeen((before) => new Set(before).add(now.id)), [now.id]);
  return (
    <>
      {VIEWS.filter((view) => view.id === now.id || seen.has(view.id)).map((view) => (
        <div key={view.id} class="side-view" hidden={view.id !== now.id} data-view={view.id}>
          <Loaded view={view} />
        </div>
      ))}
    </>
  );
}

function Loaded({ view }: { view: View }) {
  const [loaded, setLoaded] = useState<{ View: ComponentType } | null>(
    view.lazy ? null : { View: view.view as ComponentType },
  );
  useEffect(() => {
    if (loaded) return;
    again(view.view as () => Promise<ComponentType>)
      .then((found) => setLoaded({ View: found }))
      .catch(sayError);
  }, [view, loaded]);
  return loaded ? <loaded.View /> : <p class="side-loading">{t("app.loading")}</p>;
}
