import type { Diagnostic } from "../api/types";
import { enterSecret } from "../appmap/open";
import { t } from "../i18n";
import { secretWanted } from "./secret";

/** Beside a finding that wants a Secret: the way to the form that takes it. */
export function SecretButton({ of }: { of: Diagnostic }) {
  const secret = secretWanted(of);
  if (secret === null) return null;
  return (
    <button type="button" class="button small" data-testid="enter-secret" onClick={() => enterSecret(secret)}>
      {t("secrets.enter")}
    </button>
  );
}
