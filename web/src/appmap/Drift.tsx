/** What somebody changed in the cluster by hand, beside what was rolled out; and the way back. */
import type { DriftedObject } from "../api/rollouts";
import { sayError } from "../app/toast";
import { lang, t } from "../i18n";
import { drift, goBackTo, goingBack, handWords, rollouts } from "./rollouts";

export function Drift() {
  const now = drift.value;
  if (!now || now.objects.length === 0) return null;
  const from = rollouts.value.find(({ id }) => id === now.rollout);
  const mends = now.objects.some(({ gone, fields }) => gone || fields.length > 0);
  return (
    <section class="drift" data-testid="drift" aria-label={t("appmap.drift")}>
      <h3>{t("appmap.drift")}</h3>
      <p class="plan-note">{t("appmap.driftNote")}</p>
      <ul class="plan-list">
        {now.objects.map((object) => (
          <DriftRow key={`${object.kind}/${object.name}`} of={object} />
        ))}
      </ul>
      {mends && from && (
        <button
          type="button"
          class="button small"
          data-testid="drift-back"
          disabled={goingBack.value !== null}
          onClick={() => goBackTo(from).catch(sayError)}
        >
          {goingBack.value !== null
            ? t("appmap.goingBack", { number: goingBack.value })
            : t("appmap.driftBack", { number: from.number })}
        </button>
      )}
    </section>
  );
}

function DriftRow({ of: { kind, name, gone, fields, extra, hands } }: { of: DriftedObject }) {
  return (
    <li data-testid="drifted" data-object={`${kind}/${name}`}>
      {kind} <strong>{name}</strong>
      {gone && <span class="drift-gone"> · {t("appmap.driftGone")}</span>}
      {hands.length > 0 && (
        <span class="plan-note">
          {" · "}
          {hands
            .map(({ manager, at }) =>
              [handWords(manager), at && new Date(at).toLocaleTimeString(lang.value)]
                .filter(Boolean)
                .join(", "),
            )
            .join("; ")}
        </span>
      )}
      <dl class="drift-fields">
        {fields.map(({ path, before, after }) => (
          <div key={path}>
            <dt>{path}</dt>
            <dd>
              {t("appmap.driftField", {
                now: before ?? t("appmap.nothing"),
                asked: after ?? t("appmap.nothing"),
              })}
            </dd>
          </div>
        ))}
        {extra.map(({ path, value }) => (
          <div key={path}>
            <dt>{path}</dt>
            <dd>{t("appmap.driftExtra", { value: value ?? "" })}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}
