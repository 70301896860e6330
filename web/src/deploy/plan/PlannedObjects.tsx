/** Objects with what becomes of them, those that stay as they are by their number. */
import type { FieldChange, PlannedObject } from "../../api/plan";
import { t } from "../../i18n";
import { openSource } from "./source";
import "./plan.css";

export function PlannedObjects({ of }: { of: readonly PlannedObject[] }) {
  const same = of.filter(({ change }) => change === "same").length;
  return (
    <>
      <ul class="plan-list">
        {of
          .filter(({ change }) => change !== "same")
          .map((object) => (
            <ObjectRow key={`${object.api_version}/${object.kind}/${object.name}`} of={object} />
          ))}
      </ul>
      {same > 0 && <p class="plan-note">{t("plan.same", { count: same })}</p>}
    </>
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
          onClick={() => openSource(file, line)}
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
