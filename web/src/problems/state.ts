/** What is wrong, as it is known now: in open texts, by the check, by the newest Deploy. */
import { computed, signal } from "@preact/signals";
import type { Diagnostic } from "../api/types";
import { isChecked } from "../checking/which";
import { deployment } from "../deploy/state";
import { buffers } from "../editor/buffers";
import { projectPath, shortPath } from "../files/state";
import { countOf, listProblems, type Problem } from "./list";

/** Marks in texts, by path. */
export const marked = signal<ReadonlyMap<string, readonly Problem[]>>(new Map());
/** What the check of all manifests and Dockerfiles said last. */
export const checked = signal<readonly Diagnostic[] | null>(null);

export const problems = computed(() => {
  const open = new Set(buffers.value.filter(({ status }) => status === "text").map(({ path }) => path));
  return listProblems({
    marked: marked.value,
    checked: checked.value,
    deployed: deployment.value?.steps.flatMap((step) => step.diagnostics ?? []) ?? [],
    isOpen: (path) => open.has(path),
    isManifest: (path) => isChecked(shortPath(path)),
    pathOf: projectPath,
  });
});

/** What somebody should look at. */
export const problemCount = computed(() => {
  const { errors, warnings } = countOf(problems.value);
  return errors + warnings;
});
