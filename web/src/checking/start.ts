/** The check of manifests and Dockerfiles in the editor; its code comes with the first such file that is opened. */
import { effect } from "@preact/signals";
import { again } from "../api/again";
import { helpWith, refreshHelp } from "../editor/documents";
import { buffers } from "../editor/state";
import { shortPath } from "../files/state";
import { lang } from "../i18n";
import { isChecked, isDockerfile, isManifest } from "./which";

export function startChecking(): void {
  helpWith((path) => {
    const short = shortPath(path);
    if (isManifest(short))
      return again(() => import("./help")).then(({ manifestHelp }) => manifestHelp(path));
    if (isDockerfile(short))
      return again(() => import("./dockerfile")).then(({ dockerfileHelp }) => dockerfileHelp(path));
    return null;
  });
  effect(() => {
    lang.value;
    for (const { path, status } of buffers.peek())
      if (status === "text" && isChecked(shortPath(path))) refreshHelp(path);
  });
}
