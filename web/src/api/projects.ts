/** Projects, and the templates that they are made of. */
import { askJson } from "./http";

export interface Template {
  name: string;
  title: string;
  description: string;
  /** How many image repositories it wants. */
  repositories: number;
}

export interface Project {
  name: string;
  /** It is what Deploy deploys. */
  deployed: boolean;
}

export interface MadeProject {
  name: string;
  repositories: string[];
  not_made: { name: string; reason: string }[];
  /** It is in the workspace. */
  cloned: boolean;
}

export const readTemplates = async (): Promise<Template[]> =>
  (await askJson<{ templates: Template[] }>("/templates")).templates;

export const readProjects = async (): Promise<Project[]> =>
  (await askJson<{ projects: Project[] }>("/projects")).projects;

/** The image repositories named go, with their versions, to make room for its own. */
export const makeProject = (
  name: string,
  template: string,
  makeRoom: readonly string[],
): Promise<MadeProject> =>
  askJson("/projects", { method: "POST", json: { name, template, make_room: makeRoom } });
