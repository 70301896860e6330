/** Blue/green and canary as they happen: the steps, who gets which version, and what to do about it. */
import { useEffect } from "preact/hooks";
import { abort, promote } from "../api/strategies";
import type { App, AppPod, CanaryStep, Strategy } from "../api/types";
import { confirm } from "../app/confirm";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { app, refreshApp } from "./state";
import "./strategies.css";

const LOOK_MS = 2000;
const ROLES = ["stable", "canary", "active", "preview", "old"] as const;
type Role = (typeof ROLES)[number];

interface Steered {
  name: string;
  message: string;
  strategy: Strategy;
  pods: AppPod[];
}

/** The application's Rollouts. */
export function steered(of: App | null): Steered[] {
  const found: Steered[] = [];
  for (const { name, message, strategy } of of?.objects ?? []) {
    if (strategy) {
      const pods = (of?.pods ?? []).filter(({ owner, role }) => owner === name && role);
      found.push({ name, message, strategy, pods });
    }
  }
  return found;
}

export function stepWords(step: CanaryStep): string {
  if (step.kind === "set_weight") return t("strategy.step.set_weight", { weight: step.weight ?? 0 });
  if (step.kind === "pause") {
    return step.seconds == null
      ? t("strategy.step.pause")
      : t("strategy.step.pauseFor", { seconds: step.seconds });
  }
  if (step.kind === "other") return t("strategy.step.other", { name: step.name ?? "" });
  return t(`strategy.step.${step.kind}`);
}

/** So many pods of each kind, and how many of them are ready. */
export function podsByRole(pods: AppPod[]): { role: Role; count: number; ready: number }[] {
  return ROLES.map((role) => {
    const these = pods.filter((pod) => pod.role === role);
    return { role, count: these.length, ready: these.filter(({ ready }) => ready).length };
  }).filter(({ count }) => count > 0);
}

export function Strategies() {
  const all = steered(app.value);
  const moves = all.some(({ strategy }) => strategy.updating || strategy.aborted || strategy.paused);
  useEffect(() => {
    if (!moves) return;
    const timer = setInterval(() => void refreshApp().catch(() => undefined), LOOK_MS);
    return () => clearInterval(timer);
  }, [moves]);
  return (
    <>
      {all.map((one) => (
        <StrategyCard key={one.name} of={one} />
      ))}
    </>
  );
}

function StrategyCard({ of: { name, message, strategy, pods } }: { of: Steered }) {
  const { weight, paused, aborted, updating, kind, steps } = strategy;
  return (
    <section class="strategy" data-testid="strategy" aria-label={t("strategy.title", { name })}>
      <h3>
        {name} <span class="strategy-kind">{t(`strategy.${kind}`)}</span>
      </h3>
      <p role="status">
        {aborted
          ? t("strategy.aborted")
          : weight == null
            ? t("strategy.one")
            : t("strategy.traffic", { weight, rest: 100 - weight })}
      </p>
      {weight != null && (
        <div class="strategy-traffic" aria-hidden="true">
          <span style={{ inlineSize: `${weight}%` }} />
        </div>
      )}
      {paused && <p class="strategy-message">{message}</p>}
      {updating && steps.length > 0 && <Steps of={strategy} />}
      {pods.length > 0 && (
        <ul class="strategy-pods" aria-label={t("strategy.pods")}>
          {podsByRole(pods).map(({ role, count, ready }) => (
            <li key={role} class={role}>
              {t("strategy.pod", { role: t(`strategy.role.${role}`), count, ready })}
            </li>
          ))}
        </ul>
      )}
      <Orders of={strategy} />
    </section>
  );
}

function Steps({ of: { steps, step } }: { of: Strategy }) {
  return (
    <ol class="strategy-steps" aria-label={t("strategy.steps")}>
      {steps.map((each, index) => {
        const at = index + 1;
        const is = step == null || at > step ? "later" : at === step ? "present" : "done";
        return (
          <li key={index} class={is} aria-current={is === "present" ? "step" : undefined}>
            {stepWords(each)}
            {is === "present" && <em> · {t("strategy.now")}</em>}
          </li>
        );
      })}
    </ol>
  );
}

function Orders({ of: { paused, updating } }: { of: Strategy }) {
  const id = app.value?.current?.id;
  if (!id || !(paused || updating)) return null;
  const order = async (what: "promote" | "full" | "abort"): Promise<void> => {
    const label = t(`strategy.${what}`);
    if (!(await confirm(t(`strategy.${what}Ask`), t(`strategy.${what}Text`), label))) return;
    await (what === "abort" ? abort(id) : promote(id, what === "full"));
    await refreshApp();
  };
  const button = (what: "promote" | "full" | "abort", kind: string) => (
    <button
      type="button"
      class={`button small ${kind}`}
      data-testid={`strategy-${what}`}
      onClick={() => order(what).catch(sayError)}
    >
      {t(`strategy.${what}`)}
    </button>
  );
  return (
    <div class="outcome-actions">
      {paused && button("promote", "primary")}
      {updating && button("full", "")}
      {updating && button("abort", "danger")}
    </div>
  );
}
