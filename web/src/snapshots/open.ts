/** Whether the snapshots are shown. All else of them is loaded when they are. */
import { signal } from "@preact/signals";
import type { Action } from "../actions/registry";

export const shown = signal(false);

/** Asked for in the palette: one is taken as soon as they are shown. */
export const takeAtOnce = signal(false);

export function showSnapshots(): void {
  shown.value = true;
}

const group = "workspace.title";

export const snapshotActions: readonly Action[] = [
  { id: "snapshots.show", title: "snapshots.title", group, run: showSnapshots, overTerminal: true },
  {
    id: "snapshots.take",
    title: "snapshots.take",
    group,
    run: () => {
      takeAtOnce.value = true;
      showSnapshots();
    },
    overTerminal: true,
  },
];
