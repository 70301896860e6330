/** The place of the dialog in the page; the dialog itself is not in the first load. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { sayError } from "../app/toast";
import { shown } from "./open";

export function Snapshots() {
  const [loaded, setLoaded] = useState<{ Dialog: ComponentType } | null>(null);
  const wanted = shown.value;
  useEffect(() => {
    if (!wanted || loaded) return;
    import("./SnapshotsDialog")
      .then((module) => setLoaded({ Dialog: module.SnapshotsDialog }))
      .catch((error: unknown) => {
        shown.value = false;
        sayError(error);
      });
  }, [wanted, loaded]);
  return wanted && loaded ? <loaded.Dialog /> : null;
}
