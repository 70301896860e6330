/** Findings as they matter: what stops a Deploy, then what may go wrong, and folded what is only worth knowing. */
import type { Diagnostic } from "../api/types";
import { t } from "../i18n";
import { DiagnosticRow, type Mending } from "./DiagnosticRow";
import { bySeverity } from "./severity";

interface Props extends Mending {
  of: readonly Diagnostic[];
}

export function Findings({ of, ...mending }: Props) {
  const { shown, notes } = bySeverity(of);
  const row = (found: Diagnostic, index: number) => (
    <DiagnosticRow key={`${found.code}-${index}`} diagnostic={found} {...mending} />
  );
  return (
    <>
      {shown.map(row)}
      {notes.length > 0 && (
        <details class="diagnostic-notes">
          <summary>{t("plan.infos", { count: notes.length })}</summary>
          {notes.map(row)}
        </details>
      )}
    </>
  );
}
