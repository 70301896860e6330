/** "What will happen", before Deploy is pressed: folded until somebody wants to know. */
import { useEffect, useState } from "preact/hooks";
import { later } from "../../app/later";
import { unsaved } from "../../editor/state";
import { t } from "../../i18n";
import { deployment, isOver, running } from "../state";
import { look, looking, plan, trouble } from "./state";
import "./plan.css";

const PlanView = later(() => import("./PlanView").then((module) => module.PlanView));

const KEY = "maru.plan.open";

export function PlanFold() {
  const [open, setOpen] = useState(localStorage.getItem(KEY) === "1");
  const ended = deployment.value !== null && isOver(deployment.value) ? deployment.value.id : "";
  useEffect(() => {
    if (open) void look();
  }, [open, ended]);
  if (running.value) return null;
  return (
    <details
      class="plan"
      data-testid="plan"
      open={open}
      onToggle={(event) => {
        const now = event.currentTarget.open;
        setOpen(now);
        localStorage.setItem(KEY, now ? "1" : "0");
      }}
    >
      <summary>{t("plan.title")}</summary>
      {open && (
        <div class="plan-body" aria-busy={looking.value}>
          {unsaved.value.length > 0 && <p class="plan-note">{t("plan.unsaved")}</p>}
          {trouble.value !== null && (
            <p class="diagnostic" role="alert">
              {trouble.value}
            </p>
          )}
          {plan.value && <PlanView />}
          <div class="plan-again">
            <button
              type="button"
              class="button small"
              data-testid="plan-look"
              disabled={looking.value}
              onClick={() => void look()}
            >
              {t("plan.again")}
            </button>
            <span role="status">{looking.value && t("plan.looking")}</span>
          </div>
        </div>
      )}
    </details>
  );
}
