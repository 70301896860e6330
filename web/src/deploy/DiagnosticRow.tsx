/** One finding: where it is, a press away; what it means, and its fix, made by another press where it is beyond doubt. */
import type { Diagnostic } from "../api/types";
import { pane } from "../app/layout";
import { sayError } from "../app/toast";
import { Words } from "../app/Words";
import { t } from "../i18n";
import { checked, mend } from "./mend";
import { openFinding, placeWords } from "./place";
import { SecretButton } from "./SecretButton";

export interface Mending {
  /** What is found in the files as they are now. */
  findings?: () => Promise<Diagnostic[]>;
  /** After the fix was made. */
  mended?: () => Promise<void>;
}

interface Props extends Mending {
  diagnostic: Diagnostic;
}

export function DiagnosticRow({ diagnostic, findings = checked, mended }: Props) {
  const { file } = diagnostic;
  const place = placeWords(diagnostic);
  return (
    <div class={`diagnostic ${diagnostic.severity}`} data-code={diagnostic.code}>
      {file && (
        <button
          type="button"
          class="diagnostic-place"
          aria-label={t("deploy.goTo", { place })}
          onClick={() => {
            pane.value = "editor";
            openFinding({ ...diagnostic, file });
          }}
        >
          {place}
        </button>
      )}
      <p>
        <Words of={diagnostic.message} />
      </p>
      {diagnostic.fix && (
        <p class="diagnostic-fix">
          <strong>{t("deploy.fix")}</strong> <Words of={diagnostic.fix} />
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
      <SecretButton of={diagnostic} />
    </div>
  );
}
