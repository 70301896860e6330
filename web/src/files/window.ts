/** Which rows of a long list to draw: those in view and some around them. */

/** Below this many all are drawn; nothing is gained by leaving any out. */
const FEW = 300;
const AROUND = 30;

export interface Window {
  from: number;
  to: number;
}

export function windowOf(count: number, scrollTop: number, height: number, rowHeight: number): Window {
  if (count <= FEW) return { from: 0, to: count };
  const first = Math.min(Math.floor(scrollTop / rowHeight), count - 1);
  const shown = Math.ceil(height / rowHeight);
  return { from: Math.max(0, first - AROUND), to: Math.min(count, first + shown + AROUND) };
}
