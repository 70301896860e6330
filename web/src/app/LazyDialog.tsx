/** The place of a dialog that is not in the first load: its code comes when it is first shown. */
import type { Signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { again } from "../api/again";
import { sayError } from "./toast";

interface LazyDialogProps {
  shown: Signal<boolean>;
  load: () => Promise<ComponentType>;
}

export function LazyDialog({ shown, load }: LazyDialogProps) {
  const [loaded, setLoaded] = useState<{ Dialog: ComponentType } | null>(null);
  const wanted = shown.value;
  useEffect(() => {
    if (!wanted || loaded) return;
    again(load)
      .then((Dialog) => setLoaded({ Dialog }))
      .catch((error: unknown) => {
        shown.value = false;
        sayError(error);
      });
  }, [wanted, loaded]);
  return wanted && loaded ? <loaded.Dialog /> : null;
}
