/** A Deploy as lines of text: when each step began and ended, what it said, what it found. */
import type { Deployment, Diagnostic } from "../api/types";
import { t } from "../i18n";
import { timeOf } from "./state";

const at = (time: string | null | undefined): string => (time ? timeOf(new Date(time)) : "");

function found({ severity, file, line, column, message, fix, code }: Diagnostic): string {
  const place = file ? `${[file, line, column].filter((part) => part).join(":")}: ` : "";
  const words = `    ${place}${t(`problems.severity.${severity}`)}: ${message} [${code}]`;
  return fix ? `${words}\n      ${t("deploy.fix")}: ${fix}` : words;
}

export function deployText(deployment: Deployment): string {
  const lines: string[] = [];
  for (const step of deployment.steps) {
    if (step.state === "pending") continue;
    const name = t(`deploy.step.${step.name}`);
    const times = [at(step.started_at), at(step.finished_at)].filter(Boolean).join(" – ");
    lines.push(`${times} ${name}: ${t(`deploy.state.${step.state}`)}`.trim());
    if (step.detail) lines.push(`    ${step.detail}`);
    if (step.fix) lines.push(`    ${t("deploy.fix")}: ${step.fix}`);
    for (const { repository, number, id } of step.builds ?? [])
      lines.push(`    ${t("output.build", { name: repository ?? id, number: number ?? "" })}`);
    lines.push(...(step.diagnostics ?? []).map(found));
  }
  if (deployment.url) lines.push(deployment.url);
  return lines.join("\n");
}
