/** Tabs and files of the tree, dragged onto the editor: among tabs, into a group, or to a side of it. */
import { signal } from "@preact/signals";
import { sayError } from "../app/toast";
import { find } from "./buffers";
import type { Side } from "./groups";
import { openFile } from "./state";
import { activateGroup, moveTab, split } from "./tabs";

/** A tab's, by its path; no other page understands it. */
export const TAB_TYPE = "application/x-maru-tab";
/** A file's of the tree. */
export const FILE_TYPE = "application/x-maru-file";

export type Zone = Side | "middle";
/** Where what is dragged would fall now. */
export const dropZone = signal<{ group: string; zone: Zone } | null>(null);

export const isDragged = (event: DragEvent): boolean =>
  [TAB_TYPE, FILE_TYPE].some((type) => event.dataTransfer?.types.includes(type));

/** A quarter at each side splits; the middle is the group itself. */
export function zoneAt(box: DOMRect, x: number, y: number): Zone {
  const across = (x - box.left) / box.width;
  const down = (y - box.top) / box.height;
  const nearest = Math.min(across, 1 - across, down, 1 - down);
  if (nearest > 0.25) return "middle";
  if (nearest === across) return "left";
  if (nearest === 1 - across) return "right";
  return nearest === down ? "up" : "down";
}

/** Puts what was dropped where it fell; `at` is a place among the group's tabs. */
export function drop(event: DragEvent, group: string, zone: Zone, at?: number): void {
  dropZone.value = null;
  const tab = event.dataTransfer?.getData(TAB_TYPE);
  const path = tab || event.dataTransfer?.getData(FILE_TYPE);
  if (!path) return;
  if (find(path)) {
    if (zone === "middle") moveTab(path, group, at);
    else split(group, zone, path);
    return;
  }
  if (zone === "middle") activateGroup(group);
  else split(group, zone, null);
  openFile(path).catch(sayError);
}
