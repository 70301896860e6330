/** The environment of a workload's containers: name by name, with where each comes from. Values of Secrets are never here. */
import { useState } from "preact/hooks";
import { type ContainerEnvironment, type MapNode, readEnvironment, type Variable } from "../api/appmap";
import { describe } from "../api/http";
import { t } from "../i18n";
import "./environment.css";

/** Kinds whose pods have one. */
const WITH_PODS = new Set(["Deployment", "StatefulSet", "DaemonSet", "Rollout", "Job", "CronJob"]);

export function Environment({ of: node }: { of: MapNode }) {
  const [all, setAll] = useState<readonly ContainerEnvironment[] | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  if (!WITH_PODS.has(node.kind)) return null;
  const look = async () => {
    try {
      setAll(await readEnvironment(node));
      setTrouble(null);
    } catch (error) {
      setTrouble(describe(error));
    }
  };
  return (
    <details
      class="environment"
      data-testid="map-environment"
      onToggle={(event) => {
        if (event.currentTarget.open) void look();
      }}
    >
      <summary>{t("environment.title")}</summary>
      {trouble !== null && (
        <p class="diagnostic" role="alert">
          {trouble}
        </p>
      )}
      {all === null && trouble === null && <p role="status">{t("app.loading")}</p>}
      {all?.map((container) => (
        <Container key={container.container} of={container} alone={all.length === 1} />
      ))}
      {all && <p class="plan-note">{t("environment.note")}</p>}
    </details>
  );
}

function Container({ of, alone }: { of: ContainerEnvironment; alone: boolean }) {
  const { container, init, variables, missing } = of;
  return (
    <section data-container={container}>
      {!alone && <h4>{init ? t("environment.init", { name: container }) : container}</h4>}
      {missing.map(({ kind, name }) => (
        <p key={`${kind}/${name}`} class="diagnostic">
          {t("environment.whole", { object: `${kind} ${name}` })}
        </p>
      ))}
      {variables.length === 0 ? (
        <p class="plan-note">{t("environment.none")}</p>
      ) : (
        <div class="environment-frame">
          <table aria-label={t("environment.of", { name: container })}>
            <thead>
              <tr>
                <th scope="col">{t("environment.name")}</th>
                <th scope="col">{t("environment.value")}</th>
                <th scope="col">{t("environment.from")}</th>
              </tr>
            </thead>
            <tbody>
              {variables.map((variable) => (
                <tr key={variable.name} data-variable={variable.name}>
                  <th scope="row">{variable.name}</th>
                  <td>
                    <Value of={variable} />
                  </td>
                  <td>{originOf(variable)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Value({ of: { value, from, missing, optional } }: { of: Variable }) {
  if (missing)
    return (
      <span class={optional ? "plan-note" : "environment-absent"}>
        {t(optional ? "environment.optional" : "environment.absent")}
      </span>
    );
  if (value !== null)
    return value === "" ? <span class="plan-note">{t("environment.empty")}</span> : <code>{value}</code>;
  return (
    <span class="plan-note">
      {from?.kind === "Secret" ? `••• ${t("environment.hidden")}` : t("environment.later")}
    </span>
  );
}

export function originOf({ from }: Pick<Variable, "from">): string {
  if (!from) return t("environment.manifest");
  const { kind, name, key } = from;
  if (kind === "Pod") return t("environment.pod", { key });
  if (kind === "Resource") return t("environment.resource", { key });
  return `${kind} ${name} · ${key}`;
}
