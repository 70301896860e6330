/** The open files and panels, as data; what is done with them is in `state.ts`, where they are shown in `tabs.ts`. */
import type { Text } from "@codemirror/state";
import { computed, signal } from "@preact/signals";
import type { ComponentChild } from "preact";
import type { IconName } from "../app/icons";
import type { Encoding } from "./decode";

export interface Buffer {
  path: string;
  status: "loading" | "text" | "binary" | "large" | "failed" | "panel";
  /** What the tab shows where it is no file. */
  panel?: Panel;
  /** Of the content that our text is based on; null where there was no file. */
  etag: string | null;
  dirty: boolean;
  saving: boolean;
  /** It is in another encoding than we write, and shown only. */
  readOnly: boolean;
  /** Of the text on the disk. */
  encoding: Encoding;
  /** Bytes, of a file that is not shown as text. */
  size: number;
  /** Somebody else's content is there now: its tag, or null where the file is gone. */
  conflict: { etag: string | null } | null;
  /** When the text was typed that the journal brought back, in Unix milliseconds. */
  recovered: number | null;
  /** What went wrong at the last load or save, in words. */
  trouble: string;
  /** Sent to be saved since the last answer; saved again once there may be one. */
  unanswered: readonly Text[];
}

/** Something else in the place of a file: a difference, a commit, a preview. Its tab is not remembered. */
export interface Panel {
  title: () => string;
  icon: IconName;
  render: () => ComponentChild;
}

export const EMPTY: Omit<Buffer, "path"> = {
  status: "loading",
  etag: null,
  dirty: false,
  saving: false,
  readOnly: false,
  encoding: "UTF-8",
  size: 0,
  conflict: null,
  recovered: null,
  trouble: "",
  unanswered: [],
};

export const buffers = signal<readonly Buffer[]>([]);
export const unsaved = computed(() => buffers.value.filter((buffer) => buffer.dirty));

export const find = (path: string): Buffer | undefined =>
  buffers.peek().find((buffer) => buffer.path === path);

export function change(path: string, part: Partial<Buffer>): void {
  buffers.value = buffers.peek().map((buffer) => (buffer.path === path ? { ...buffer, ...part } : buffer));
}

const PANEL = "panel:";
/** A panel's place among the paths of files. */
export const panelPath = (key: string): string => PANEL + key;
export const isPanel = (path: string): boolean => path.startsWith(PANEL);
