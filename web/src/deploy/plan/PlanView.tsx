/** The plan in words: the commit, the images, the objects, and what would go wrong. */
import type { FieldChange, Plan, PlannedImage, PlannedObject } from "../../api/plan";
import { readPlan } from "../../api/plan";
import { pane } from "../../app/layout";
import { sayError } from "../../app/toast";
import { openFile } from "../../editor/state";
import { projectPath } from "../../files/state";
import { t } from "../../i18n";
import { Findings } from "../Findings";
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

function open(file: string, line: number | null): void {
  pane.value = "editor";
  openFile(projectPath(file), { line: line ?? 1, column: 1 }).catch(sayError);
}

function Files({ of: { commit } }: { of: Plan }) {
  const { files, from_workspace, branch } = commit;
  return (
    <section>
      <h3>{t("plan.commit")}</h3>
      <p class="plan-note">
        {!from_workspace
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
              <button type="button" class="plan-link" onClick={() => open(path, null)}>
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
  const same = objects.filter(({ change }) => change === "same").length;
  const refused = diagnostics.some(({ severity }) => severity === "error");
  return (
    <section>
      <h3>{t("plan.objects")}</h3>
      {!compared && !refused && <p class="plan-note">{t("plan.notCompared")}</p>}
      <ul class="plan-list">
        {objects
          .filter(({ change }) => change !== "same")
          .map((object) => (
            <ObjectRow key={`${object.kind}/${object.name}`} of={object} />
          ))}
      </ul>
      {same > 0 && <p class="plan-note">{t("plan.same", { count: same })}</p>}
    </section>
  );
}

function ObjectRow({ of }: { of: PlannedObject }) {
  const { kind, name, change, file, line, fields, replaces_pods } = of;
  return (
    <li data-testid="plan-object" data-change={change}>
      <span class={`plan-change ${change}`}>{t(`plan.change.${change}`)}</span>{" "}
      {file ? (
        <button
          type="button"
          class="plan-link"
          title={`${file}:${line}`}
          aria-label={t("deploy.goTo", { place: `${kind} ${name}, ${file}:${line}` })}
          onClick={() => open(file, line)}
        >
          {kind} <strong>{name}</strong>
        </button>
      ) : (
        <span>
          {kind} <strong>{name}</strong>
        </span>
      )}
      {replaces_pods && <span class="plan-note"> · {t("plan.replacesPods")}</span>}
      {fields.length > 0 && (
        <details class="plan-fields" open={fields.length <= 4}>
          <summary>{t("plan.fields", { count: fields.length })}</summary>
          <dl>
            {fields.map((field) => (
              <Field key={field.path} of={field} />
            ))}
          </dl>
        </details>
      )}
    </li>
  );
}

/** An image of one's own without a version: the rollout takes the one that is built before it. */
const NEW_BUILD = /^registry\.localhost\/[^@:]+$/;

function Field({ of: { path, before, after } }: { of: FieldChange }) {
  return (
    <div>
      <dt>{path}</dt>
      <dd>
        {before !== null && (
          <del>
            <span class="visually-hidden">{t("plan.before")} </span>
            {before}
          </del>
        )}
        {after !== null && (
          <ins>
            <span class="visually-hidden">{t("plan.after")} </span>
            {after}
            {NEW_BUILD.test(after) && <span class="plan-note"> {t("plan.newBuild")}</span>}
          </ins>
        )}
      </dd>
    </div>
  );
}
