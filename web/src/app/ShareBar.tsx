/** The bar between two of several things that share one box. */
import type { RefObject } from "preact";
import { Bar } from "./Bar";
import { shifted } from "./shares";

interface Props {
  /** "row" where they stand beside one another. */
  direction: "row" | "column";
  box: RefObject<HTMLElement | null>;
  sizes: readonly number[];
  /** Which of them is before the bar. */
  index: number;
  take: (sizes: readonly number[]) => void;
}

/** Of the whole room. */
const KEY_STEP = 0.05;

export function ShareBar({ direction, box, sizes, index, take }: Props) {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const room = () => {
    const { width = 1, height = 1 } = box.current?.getBoundingClientRect() ?? {};
    return direction === "row" ? width : height;
  };
  return (
    <Bar
      orientation={direction === "row" ? "vertical" : "horizontal"}
      min={0}
      max={100}
      value={Math.round(((sizes[index] ?? 1) / all) * 100)}
      start={() => (pixels) => take(shifted(sizes, index, pixels / room()))}
      step={(by) => take(shifted(sizes, index, by * KEY_STEP))}
    />
  );
}
