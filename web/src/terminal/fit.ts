/** How a terminal's cells and the pane around them go together. Sizes in CSS pixels. */
import type { Size } from "./stream";

export interface Box {
  width: number;
  height: number;
}

/** What xterm keeps free at the right. */
const SCROLLBAR = 14;
const SMALLEST: Size = { cols: 2, rows: 1 };
const SMALLEST_FONT = 4;

/** How many cells of this size a pane has room for. */
export function roomFor(pane: Box, cell: Box): Size {
  return {
    cols: Math.max(SMALLEST.cols, Math.floor((pane.width - SCROLLBAR) / cell.width)),
    rows: Math.max(SMALLEST.rows, Math.floor(pane.height / cell.height)),
  };
}

/**
 * The font at which a terminal of another window's size fits into this pane: never larger than our own, and whole
 * tenths, so that a pane that moves by a pixel draws nothing anew.
 */
export function fontFor(size: Size, pane: Box, cell: Box, own: number): number {
  const room = Math.min(
    (pane.width - SCROLLBAR) / (size.cols * cell.width),
    pane.height / (size.rows * cell.height),
  );
  // Cells are rounded to pixels, which may add up to one for each.
  const font = room >= 1 ? own : Math.floor(own * room * 0.98 * 10) / 10;
  return Math.max(SMALLEST_FONT, Math.min(own, font));
}

export const same = (one: Size | null, other: Size | null): boolean =>
  one !== null && other !== null && one.cols === other.cols && one.rows === other.rows;
