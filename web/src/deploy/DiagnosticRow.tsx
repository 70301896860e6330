/** One finding: where it is, a press away; what it means, and its fix, made by another press where it is beyond doubt. */
import type { Diagnostic } from "../api/types";
import { pane } from "../app/layout";
import { sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { projectPath, reveal } from "../files/state";
import { t } from "../i18n";
import { checked, mend } from "./mend";

interface Props {
  diagnostic: Diagnostic;
  /** What is found in the files as they are now. */
  findings?: () => Promise<Diagnostic[]>;
  /** After the fix was made. */
  mended?: () => Promise<void>;
}

export function DiagnosticRow({ diagnostic, findings = checked, mended }: Props) {
  const { file, line, column } = diagnostic;
  const place = file ? [file, line, column].filter((part) => part).join(":") : "";
  return (
    <div class={`diagnostic ${diagnostic.severity}`} data-code={diagnostic.code}>
      {file && (
        <button
          type="button"
          class="diagnostic-place"
          aria-label={t("deploy.goTo", { place })}
          onClick={() => {
            pane.value = "editor";
            const path = projectPath(file);
            openFile(path, { line: line || 1, column: column || 1 }).catch(sayError);
            reveal(path).catch(sayError);
          }}
        >
          {place}
        </button>
      )}
      <p>{diagnostic.message}</p>
      {diagnostic.fix && (
        <p class="diagnostic-fix">
          <strong>{t("deploy.fix")}</strong> {diagnostic.fix}
        </p>
      )}
      {(diagnostic.edits?.length ?? 0) > 0 && (
        <button
          type="button"
          class="button small"
          data-testid="mend"
          onClick={() => {
            mend(diagnostic, findings)
              .then(() => mended?.())
              .catch(sayError);
          }}
        >
          {t("deploy.mend")}
        </button>
      )}
    </div>
  );
}
