/** In the status bar: whether a language server helps with the text in front, and what to do where none does. */
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { settings } from "../settings/state";
import { serverOf } from "./ids";
import { install, known, restart, running } from "./state";

export function LanguageStatus({ path }: { path: string }) {
  const found = serverOf(path);
  if (!found || !settings.value.languageServers || known.value === null) return null;
  const { server } = found;
  const program = known.value.languages.find(({ id }) => id === server);
  if (!program || (program.program === null && program.install === null)) return null;
  if (program.program === null) {
    return (
      <button
        type="button"
        class="wide-only"
        title={t("language.installHint", { command: program.install ?? "" })}
        data-testid="language-install"
        onClick={() => install(server).catch(sayError)}
      >
        {t("language.install")}
      </button>
    );
  }
  const state = running.value.get(server);
  if (state === "ended") {
    return (
      <button
        type="button"
        class="wide-only"
        title={t("language.endedHint", { program: program.program })}
        data-testid="language-state"
        data-state={state}
        onClick={() => restart(server).catch(sayError)}
      >
        {t("language.ended")}
      </button>
    );
  }
  return state ? (
    <span class="wide-only" title={program.program} data-testid="language-state" data-state={state}>
      {state === "starting" ? t("language.starting", { program: program.program }) : program.program}
    </span>
  ) : null;
}
