/** The bar between two panes. */
import { Bar } from "./Bar";
import { LIMITS, type Resizable, resize, sizes } from "./layout";

interface Props {
  of: Resizable;
  orientation: "vertical" | "horizontal";
  /** -1 where the pane lies after the bar, so that moving back makes it larger. */
  direction: 1 | -1;
}

const KEY_STEP = 24;

export function Splitter({ of, orientation, direction }: Props) {
  const start = () => {
    const from = sizes.peek()[of];
    return (pixels: number) => resize(of, from + direction * pixels);
  };
  return (
    <Bar
      orientation={orientation}
      min={LIMITS[of][0]}
      max={LIMITS[of][1]}
      value={sizes.value[of]}
      start={start}
      step={(by) => start()(by * KEY_STEP)}
    />
  );
}
