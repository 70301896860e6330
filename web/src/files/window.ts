/** Which rows of a long list to draw: those in view and some around them. */
import { useEffect, useRef, useState } from "preact/hooks";

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

/** Follows what of a list is in view; `look` is to be called when it scrolls. */
export function useWindow(count: number, rowHeight: number) {
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const look = () =>
    list.current && setView({ top: list.current.scrollTop, height: list.current.clientHeight });
  useEffect(() => {
    if (!list.current) return;
    const observer = new ResizeObserver(look);
    observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  return { list, look, ...windowOf(count, view.top, view.height, rowHeight) };
}
