/** Ingress, Services, workloads, pods, from left to right, and the way of a request between them. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AppMap, MapNode, MapPod } from "../api/appmap";
import { t } from "../i18n";
import { columnsOf, linesOf, podState, selected } from "./state";

interface Line {
  key: string;
  path: string;
}

export function Picture({ of }: { of: AppMap }) {
  const { ingresses, services, workloads, pods } = columnsOf(of);
  const frame = useRef<HTMLDivElement>(null);
  const [lines, setLines] = useState<Line[]>([]);
  useLayoutEffect(() => {
    const box = frame.current;
    if (!box) return;
    const draw = () => setLines(drawn(box, of));
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(box);
    return () => observer.disconnect();
  }, [of]);
  return (
    <div class="picture">
      <div class="picture-inner" ref={frame}>
        <svg class="picture-lines" aria-hidden="true">
          {lines.map(({ key, path }) => (
            <path key={key} d={path} />
          ))}
        </svg>
        <Column title={t("appmap.column.ingress")} of={ingresses} />
        <Column title={t("appmap.column.service")} of={services} />
        <Column title={t("appmap.column.workload")} of={workloads} />
        <div class="picture-column">
          <h3>{t("appmap.column.pod")}</h3>
          <ul>
            {pods.map((pod) => (
              <PodCard key={pod.name} of={pod} />
            ))}
          </ul>
        </div>
      </div>
    </div>
  );
}

/** Curves from the right edge of one card to the left edge of the other; where the columns are stacked, from its lower edge to the upper. */
function drawn(box: HTMLElement, of: AppMap): Line[] {
  const origin = box.getBoundingClientRect();
  const cards = new Map(
    [...box.querySelectorAll<HTMLElement>("[data-card]")].map((card) => [card.dataset.card, card]),
  );
  const [first, second] = [...box.querySelectorAll(".picture-column")].map((each) =>
    each.getBoundingClientRect(),
  );
  const stacked = (second?.top ?? 0) >= (first?.bottom ?? 0);
  return linesOf(of).flatMap(({ from, to }) => {
    const [a, b] = [cards.get(from)?.getBoundingClientRect(), cards.get(to)?.getBoundingClientRect()];
    if (!a || !b) return [];
    const key = `${from} ${to}`;
    if (stacked) {
      const [x1, y1] = [a.left + a.width / 2 - origin.left, a.bottom - origin.top];
      const [x2, y2] = [b.left + b.width / 2 - origin.left, b.top - origin.top];
      const bend = (y2 - y1) / 2;
      return [{ key, path: `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}` }];
    }
    const [x1, y1] = [a.right - origin.left, a.top + a.height / 2 - origin.top];
    const [x2, y2] = [b.left - origin.left, b.top + b.height / 2 - origin.top];
    const bend = (x2 - x1) / 2;
    return [{ key, path: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }];
  });
}

function Column({ title, of }: { title: string; of: MapNode[] }) {
  return (
    <div class="picture-column">
      <h3>{title}</h3>
      <ul>
        {of.map((node) => (
          <li key={node.id}>
            <button
              type="button"
              class={`card ${node.health}`}
              data-card={node.id}
              data-testid="map-node"
              data-health={node.health}
              aria-pressed={selected.value === node.id}
              onClick={() => toggle(node.id)}
            >
              <span class="card-kind">{node.kind}</span>
              <strong>{node.name}</strong>
              <span class="card-health">
                <span class="visually-hidden">{t(`appmap.health.${node.health}`)}: </span>
                {node.wanted == null
                  ? node.message
                  : t("appmap.ready", { ready: node.ready ?? 0, wanted: node.wanted })}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function toggle(id: string): void {
  selected.value = selected.peek() === id ? null : id;
}

/** What tells pods of one workload apart. */
export const shortName = (name: string): string => name.split("-").slice(-2).join("-");

function PodCard({ of }: { of: MapPod }) {
  const state = podState(of);
  const reason = of.containers.find(({ reason }) => reason)?.reason;
  return (
    <li>
      <button
        type="button"
        class={`card pod ${state}`}
        data-card={of.name}
        data-testid="map-pod"
        data-state={state}
        aria-pressed={selected.value === of.name}
        title={of.name}
        onClick={() => toggle(of.name)}
      >
        <strong>{shortName(of.name)}</strong>{" "}
        <span class="card-health">
          {t(`appmap.pod.${state}`)}
          {reason && state !== "done" ? ` · ${reason}` : ""}
          {of.restarts > 0 ? ` · ${t("appmap.restarts", { count: of.restarts })}` : ""}
        </span>
      </button>
    </li>
  );
}
