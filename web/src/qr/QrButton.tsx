/** Shows an address for a phone's camera, and puts it away again; the code comes when it is first asked for. */

import { useState } from "preact/hooks";
import { IconButton } from "../app/IconButton";
import { later } from "../app/later";
import { t } from "../i18n";

const QrCode = later(() => import("./QrCode").then((module) => module.QrCode));

export function QrButton({ url }: { url: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <IconButton
        icon="qr"
        aria-expanded={open}
        label={t("qr.show", { url })}
        title={t("qr.title")}
        data-testid="qr-button"
        onClick={() => setOpen(!open)}
      />
      {open && <QrCode url={url} />}
    </>
  );
}
