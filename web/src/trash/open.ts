/** Whether the trash is shown. All else of it is loaded when it is. */
import { signal } from "@preact/signals";
import type { Action } from "../actions/registry";

export const shown = signal(false);

export function showTrash(): void {
  shown.value = true;
}

export const trashActions: readonly Action[] = [
  { id: "trash.show", title: "trash.title", group: "files.title", run: showTrash, overTerminal: true },
];
