/** What is selected in the picture, and what one can do to it. */
import { useState } from "preact/hooks";
import {
  killPod,
  type MapNode,
  type MapPod,
  restart,
  type StrategyChoice,
  scale,
  strategyEdits,
} from "../api/appmap";
import { confirm } from "../app/confirm";
import { pane } from "../app/layout";
import { say, sayError } from "../app/toast";
import { mendFiles } from "../deploy/mend";
import { app } from "../deploy/state";
import { openFile, saveAll } from "../editor/state";
import { projectPath } from "../files/state";
import { t } from "../i18n";
import { Environment } from "./Environment";
import { PodShell } from "./PodShell";
import { look, map, podState, selectedNode, selectedPod } from "./state";

export function Details() {
  const [node, pod] = [selectedNode.value, selectedPod.value];
  if (node) return <NodeDetails key={node.id} of={node} />;
  if (pod) return <PodDetails key={pod.name} of={pod} />;
  return <p class="appmap-hint">{t("appmap.hint")}</p>;
}

const act = (work: Promise<unknown>, said: string): void => {
  work
    .then(() => {
      say(said, "good");
      return look();
    })
    .catch(sayError);
};

function NodeDetails({ of: node }: { of: MapNode }) {
  const { kind, name, message, file, line, scales, restarts, wanted } = node;
  const scaler = map.value?.autoscalers.find(({ target }) => target === node.id);
  return (
    <div class="appmap-details" data-testid="map-details">
      <h3>
        {kind} {name}
      </h3>
      <p>{message}</p>
      <div class="outcome-actions">
        {file && (
          <button
            type="button"
            class="button small"
            data-testid="map-yaml"
            onClick={() => {
              pane.value = "editor";
              openFile(projectPath(file), { line: line ?? 1, column: 1 }).catch(sayError);
            }}
          >
            {t("appmap.yaml", { place: `${file}:${line}` })}
          </button>
        )}
        {restarts && (
          <button
            type="button"
            class="button small"
            data-testid="map-restart"
            onClick={() => act(restart(node), t("appmap.restarted", { name }))}
          >
            {t("appmap.restart")}
          </button>
        )}
        {scales && !scaler && (
          <span class="scaler">
            <button
              type="button"
              class="button small"
              aria-label={t("appmap.fewer")}
              data-testid="map-fewer"
              disabled={(wanted ?? 0) < 1}
              onClick={() =>
                act(scale(node, (wanted ?? 1) - 1), t("appmap.scaled", { count: (wanted ?? 1) - 1 }))
              }
            >
              −
            </button>
            <span>{t("appmap.pods", { count: wanted ?? 0 })}</span>
            <button
              type="button"
              class="button small"
              aria-label={t("appmap.more1")}
              data-testid="map-more"
              onClick={() =>
                act(scale(node, (wanted ?? 0) + 1), t("appmap.scaled", { count: (wanted ?? 0) + 1 }))
              }
            >
              +
            </button>
          </span>
        )}
      </div>
      {restarts && kind !== "StatefulSet" && kind !== "DaemonSet" && <Ways of={node} />}
      {scaler && <p class="plan-note">{t("appmap.autoscaled", { name: scaler.name })}</p>}
      {scales && !scaler && <p class="plan-note">{t("appmap.scaleNote")}</p>}
      <Environment of={node} />
    </div>
  );
}

const WAYS = ["rolling", "blue_green", "canary"] as const;

/** How new versions come: another way is an edit of the YAML, to be looked at and deployed. */
function Ways({ of: node }: { of: MapNode }) {
  const steered = app.value?.objects?.find(({ name, strategy }) => name === node.name && strategy);
  const present = node.kind === "Deployment" ? "rolling" : steered?.strategy?.kind;
  const change = async (to: StrategyChoice) => {
    if ((await saveAll()) !== null) return say(t("deploy.mend.unsaved"), "bad");
    const edits = await strategyEdits(node, to);
    const file = edits.length > 0 ? await mendFiles(edits) : null;
    if (file === null) return say(t("appmap.wayAlready"), "good");
    say(t("appmap.wayDone", { file }), "good");
  };
  return (
    <div class="outcome-actions">
      <span class="plan-note">{t("appmap.ways")}</span>
      {WAYS.map((way) => (
        <button
          type="button"
          class="button small"
          key={way}
          data-testid={`way-${way}`}
          aria-pressed={present === way}
          onClick={() => change(way).catch(sayError)}
        >
          {t(`appmap.way.${way}`)}
        </button>
      ))}
    </div>
  );
}

function PodDetails({ of: pod }: { of: MapPod }) {
  const [shell, setShell] = useState<string | null>(null);
  const state = podState(pod);
  const kill = async () => {
    if (!(await confirm(t("appmap.killAsk", { name: pod.name }), t("appmap.killText"), t("appmap.kill"))))
      return;
    act(killPod(pod.name), t("appmap.killed"));
  };
  return (
    <div class="appmap-details" data-testid="map-details">
      <h3>{pod.name}</h3>
      <p>
        {t(`appmap.pod.${state}`)}
        {pod.cpu_milli !== null && pod.memory !== null
          ? ` · ${t("appmap.podUse", { cpu: pod.cpu_milli, memory: Math.round(pod.memory / 1_048_576) })}`
          : ""}
      </p>
      <ul class="plan-list">
        {pod.containers.map(({ name, image, state: at, reason }) => (
          <li key={name}>
            <strong>{name}</strong>{" "}
            <span class="plan-note">
              {image} · {[at, reason].filter((word) => word).join(" · ")}
            </span>
          </li>
        ))}
      </ul>
      <div class="outcome-actions">
        {pod.containers.map(({ name, state: at }) => (
          <button
            key={name}
            type="button"
            class="button small"
            data-testid="map-shell"
            disabled={at !== "running"}
            aria-pressed={shell === name}
            onClick={() => setShell(shell === name ? null : name)}
          >
            {pod.containers.length > 1 ? t("appmap.shellIn", { name }) : t("appmap.shell")}
          </button>
        ))}
        <button
          type="button"
          class="button small danger"
          data-testid="map-kill"
          onClick={() => kill().catch(sayError)}
        >
          {t("appmap.kill")}
        </button>
      </div>
      {shell !== null && <PodShell key={shell} pod={pod.name} container={shell} />}
    </div>
  );
}
