/** How far a student has come in the first hour. */
import { effect, signal } from "@preact/signals";
import { h } from "preact";
import { later } from "../app/later";
import { deployment } from "../deploy/state";
import { openPanel } from "../editor/state";
import { t } from "../i18n";
import { status } from "../scm/state";
import type { Part } from "../settings/part";
import { tabs } from "../terminal/state";
import { doneNow, type Progress, readProgress, type Seen } from "./steps";

/** Null until it is known whose it is. */
export const progress = signal<Progress | null>(null);

export const tourPart: Part = {
  name: "tour",
  read: () => {
    const now = progress.value;
    return now && (now.hidden || now.done.length > 0) ? { progress: now } : {};
  },
  take: (values) => {
    if (progress.peek() === null) return;
    progress.value = readProgress(JSON.stringify(values.progress ?? null), Date.now());
  },
};

function seen(): Seen {
  const deployed: Seen["deployed"] = {};
  for (const { name, state, finished_at } of deployment.value?.steps ?? [])
    if (name !== "refresh" && state === "succeeded" && finished_at) deployed[name] = Date.parse(finished_at);
  return {
    changed: status.value?.entries.length ?? 0,
    ahead: status.value?.ahead ?? 0,
    ran: tabs.value.some(({ session }) => session.status.value.last_exit_code !== null),
    deployed,
  };
}

export function startTour(login: string): void {
  const key = `maru.first.${login}`;
  progress.value = readProgress(localStorage.getItem(key), Date.now());
  effect(() => {
    const now = progress.value;
    if (!now) return;
    const more = doneNow(seen(), now.since).filter((step) => !now.done.includes(step));
    if (more.length > 0) progress.value = { ...now, done: [...now.done, ...more] };
    else localStorage.setItem(key, JSON.stringify(now));
  });
}

export function hideTour(): void {
  const now = progress.peek();
  if (now) progress.value = { ...now, hidden: true };
}

export const FirstSteps = later(() => import("./FirstSteps").then((module) => module.FirstSteps));

/** In a tab of its own, also after it was put away. */
export function showTour(): void {
  openPanel("first-steps", {
    title: () => t("tour.title"),
    icon: "check",
    render: () => h(FirstSteps, { key: "first-steps" }),
  });
}
