/** The place of embedded previews: their code comes when the first is opened. */
import { later } from "../app/later";
import { openPanel } from "../editor/state";
import { t } from "../i18n";

const PreviewPanel = later(() => import("./PreviewPanel").then((module) => module.PreviewPanel));

/** A port's page in a tab beside the text. */
export function showPortPreview(port: number): void {
  const key = `port:${port}`;
  openPanel(
    key,
    {
      title: () => t("preview.of", { port }),
      icon: "globe",
      render: () => <PreviewPanel key={key} port={port} />,
    },
    true,
  );
}
