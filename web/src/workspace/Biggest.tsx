/** The largest files of the home folder, as they are when this is first shown. */
import { useEffect, useState } from "preact/hooks";
import type { Large } from "../api/types";
import { listBiggest } from "../api/workspace";
import { t } from "../i18n";
import { sizeWords } from "../i18n/size";

const MOST = 8;

export function Biggest({ open }: { open: boolean }) {
  const [files, setFiles] = useState<readonly Large[]>([]);
  useEffect(() => {
    listBiggest(MOST)
      .then(setFiles)
      // The list is a help, not the message.
      .catch(() => undefined);
  }, []);
  if (files.length === 0) return null;
  return (
    <details class="biggest" open={open}>
      <summary>{t("workspace.biggest")}</summary>
      <ol>
        {files.map(({ path, size }) => (
          <li key={path}>
            <code>{path}</code> {sizeWords(size)}
          </li>
        ))}
      </ol>
    </details>
  );
}
