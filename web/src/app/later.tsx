/** A component whose code comes when it is first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { again } from "../api/again";
import { t } from "../i18n";
import { sayError } from "./toast";

export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Later(props: P) {
    const [, setLoaded] = useState(loaded !== null);
    useEffect(() => {
      if (loaded) return;
      again(load)
        .then((found) => {
          loaded = found;
          setLoaded(true);
        })
        .catch(sayError);
    }, []);
    const Loaded = loaded;
    return Loaded ? <Loaded {...props} /> : <p class="side-loading">{t("app.loading")}</p>;
  };
}
