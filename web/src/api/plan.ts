/** What a Deploy would do now; looking changes nothing. */
import { askJson } from "./http";
import type { AppSource, Diagnostic } from "./types";

export interface PlannedFile {
  path: string;
  change: "added" | "changed" | "removed";
}

export interface PlannedImage {
  repository: string;
  context: string;
  build: boolean;
  why: "first" | "changed" | "unchanged" | "building";
  version?: number | null;
  /** Files of its folder that changed since the last commit, at most a few. */
  changed: string[];
}

export interface FieldChange {
  path: string;
  before: string | null;
  after: string | null;
}

export interface PlannedObject {
  api_version: string;
  kind: string;
  name: string;
  change: "add" | "change" | "remove" | "same" | "unknown";
  file: string | null;
  line: number | null;
  replaces_pods: boolean;
  fields: FieldChange[];
}

export interface Plan {
  /** Nothing is an error. */
  ok: boolean;
  commit: {
    source: AppSource;
    from_workspace: boolean;
    branch: string;
    head: string;
    files: PlannedFile[];
  };
  images: PlannedImage[];
  /** The cluster was asked what would become of the objects. */
  compared: boolean;
  objects: PlannedObject[];
  diagnostics: Diagnostic[];
  parity: Diagnostic[];
}

export const readPlan = (): Promise<Plan> => askJson<Plan>("/deployments/plan");
