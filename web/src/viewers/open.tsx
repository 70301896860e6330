/** The places of viewers: their code comes when the first is looked at. */
import { later } from "../app/later";
import { openPanel } from "../editor/state";
import { nameOf } from "../files/tree";
import { t } from "../i18n";

/** A file that is not edited as text; `size` in bytes. */
export const FileViewer = later(() => import("./Viewer").then(({ Viewer }) => Viewer));
const Preview = later(() => import("./Viewer").then((module) => module.Preview));

/** What a text looks like, in a tab beside it; it follows what is typed. */
export function showPreview(path: string): void {
  const key = `preview:${path}`;
  openPanel(
    key,
    {
      title: () => t("viewer.of", { name: nameOf(path) }),
      icon: "eye",
      render: () => <Preview key={key} path={path} />,
    },
    true,
  );
}
