/** All that is wrong, from everybody who says so, each thing once; plain functions. */
import type { Diagnostic } from "../api/types";

export type Severity = "error" | "warning" | "info";

export interface Problem {
  /** From the home folder; empty where it is of no file. */
  path: string;
  line: number;
  column: number;
  severity: Severity;
  message: string;
  /** Who says so: the code of a check, or a language server. */
  source: string;
  /** Of a check: what to do, and what does it. */
  diagnostic: Diagnostic | null;
}

export interface Sources {
  /** Marks in the texts that are open. */
  marked: ReadonlyMap<string, readonly Problem[]>;
  /** What the check of the manifests said last; null before the first. */
  checked: readonly Diagnostic[] | null;
  /** What the steps of the newest Deploy said. */
  deployed: readonly Diagnostic[];
  isOpen: (path: string) => boolean;
  /** Whether the check reads this file. */
  isManifest: (path: string) => boolean;
  /** A file of the project, from the home folder. */
  pathOf: (file: string) => string;
}

/** The check says it of all manifests, open or not; marks of a text that was closed since are nobody's. */
export function listProblems({ marked, checked, deployed, isOpen, isManifest, pathOf }: Sources): Problem[] {
  const of = (diagnostic: Diagnostic): Problem => ({
    path: diagnostic.file ? pathOf(diagnostic.file) : "",
    line: diagnostic.line ?? 1,
    column: diagnostic.column ?? 1,
    severity: diagnostic.severity,
    message: diagnostic.message,
    source: diagnostic.code,
    diagnostic,
  });
  // What a Deploy found in a manifest is said by the check as well, and by it no longer than it is true.
  const later = deployed.filter(({ file }) => checked === null || !file || !isManifest(pathOf(file)));
  const found = [...(checked ?? []), ...later].map(of);
  for (const [path, marks] of marked) if (isOpen(path) && !isManifest(path)) found.push(...marks);
  const seen = new Set<string>();
  return found.filter(({ path, line, source, message }) => {
    const key = JSON.stringify([path, line, source, message]);
    return !seen.has(key) && seen.add(key);
  });
}

const RANK: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

/** By file, those with errors first; in a file by line. */
export function byFile(problems: readonly Problem[]): [path: string, problems: Problem[]][] {
  const files = new Map<string, Problem[]>();
  for (const problem of problems) files.set(problem.path, [...(files.get(problem.path) ?? []), problem]);
  const worst = (list: readonly Problem[]) => Math.min(...list.map(({ severity }) => RANK[severity]));
  return [...files]
    .sort(([a, one], [b, other]) => worst(one) - worst(other) || a.localeCompare(b))
    .map(([path, list]) => [path, list.toSorted((a, b) => a.line - b.line || a.column - b.column)]);
}

export const countOf = (
  problems: readonly Problem[],
): { errors: number; warnings: number; notes: number } => ({
  errors: problems.filter(({ severity }) => severity === "error").length,
  warnings: problems.filter(({ severity }) => severity === "warning").length,
  notes: problems.filter(({ severity }) => severity === "info").length,
});
