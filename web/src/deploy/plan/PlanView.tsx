/** The plan in words: the commit, the images, the objects, and what would go wrong. */
import type { Plan, PlannedImage } from "../../api/plan";
import { readPlan } from "../../api/plan";
import { t } from "../../i18n";
import { Findings } from "../Findings";
import { PlannedObjects } from "./PlannedObjects";
import { openSource } from "./source";
import { countsOf, isStill, look, plan } from "./state";

/** Where a fix is found once more, in the files as they are by then. */
const findings = async () => {
  const { diagnostics, parity } = await readPlan();
  return [...diagnostics, ...parity];
};

export function PlanView() {
  const now = plan.value;
  if (!now) return null;
  return (
    <>
      <Summary of={now} />
      <Problems of={now} />
      <Files of={now} />
      <Images of={now.images} />
      <Objects of={now} />
    </>
  );
}

function Summary({ of }: { of: Plan }) {
  const counts = countsOf(of);
  const { errors, warnings } = counts;
  if (errors > 0)
    return (
      <p class="plan-summary bad" role="status">
        {t("plan.blocked", { errors })}
      </p>
    );
  const words = isStill(counts) ? t("plan.still") : t("plan.summary", { ...counts });
  return (
    <p class="plan-summary" role="status">
      {words} {warnings > 0 && <strong>{t("plan.warnings", { warnings })}</strong>}
    </p>
  );
}

function Problems({ of: { diagnostics, parity } }: { of: Plan }) {
  return <Findings of={[...diagnostics, ...parity]} findings={findings} mended={look} />;
}

function Files({ of: { commit } }: { of: Plan }) {
  const { source, files, from_workspace, branch, head } = commit;
  return (
    <section>
      <h3>{t("plan.commit")}</h3>
      <p class="plan-note">
        {"url" in source
          ? t("plan.fetched", { url: source.url, branch, commit: head.slice(0, 7) })
          : !from_workspace
            ? t("plan.pushed")
            : branch !== "main"
              ? t("plan.branch", { branch })
              : files.length === 0
                ? t("plan.noFiles")
                : t("plan.files", { count: files.length })}
      </p>
      <ul class="plan-list">
        {files.map(({ path, change }) => (
          <li key={path} class={`plan-file ${change}`}>
            <span class="plan-mark" title={t(`plan.file.${change}`)}>
              {change === "added" ? "+" : change === "removed" ? "−" : "~"}
            </span>
            {change === "removed" ? (
              <span>{path}</span>
            ) : (
              <button type="button" class="plan-link" onClick={() => openSource(path, null)}>
                {path}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Images({ of }: { of: PlannedImage[] }) {
  return (
    <section>
      <h3>{t("plan.images")}</h3>
      {of.length === 0 && <p class="plan-note">{t("plan.noImages")}</p>}
      <ul class="plan-list">
        {of.map(({ repository, build, why, changed, version }) => (
          <li key={repository} data-testid="plan-image" data-build={build}>
            <strong>{repository}</strong>{" "}
            <span class="plan-note">
              {why === "changed" && changed.length > 0
                ? t("plan.why.files", { files: changed.join(", ") })
                : t(`plan.why.${why}`, { version: version ?? 0 })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Objects({ of: { objects, compared, diagnostics } }: { of: Plan }) {
  if (objects.length === 0) return null;
  const refused = diagnostics.some(({ severity }) => severity === "error");
  return (
    <section>
      <h3>{t("plan.objects")}</h3>
      {!compared && !refused && <p class="plan-note">{t("plan.notCompared")}</p>}
      <PlannedObjects of={objects} />
    </section>
  );
}
