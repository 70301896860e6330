/** The check of manifests in the editor; its code comes with the first manifest that is opened. */
import { effect } from "@preact/signals";
import { again } from "../api/again";
import { helpWith, refreshHelp } from "../editor/documents";
import { buffers } from "../editor/state";
import { shortPath } from "../files/state";
import { lang } from "../i18n";
import { isManifest } from "./which";

export function startChecking(): void {
  helpWith((path) =>
    isManifest(shortPath(path))
      ? again(() => import("./help")).then(({ manifestHelp }) => manifestHelp(path))
      : null,
  );
  effect(() => {
    lang.value;
    for (const { path, status } of buffers.peek())
      if (status === "text" && isManifest(shortPath(path))) refreshHelp(path);
  });
}
