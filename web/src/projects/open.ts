/** Whether the dialog for a new project is shown. All else of it is loaded when it is. */
import { signal } from "@preact/signals";
import type { Action } from "../actions/registry";

export const shown = signal(false);

export function showNewProject(): void {
  shown.value = true;
}

export const projectActions: readonly Action[] = [
  { id: "project.new", title: "project.new", group: "files.title", run: showNewProject, overTerminal: true },
];
