/** A bar between two panes: dragged, or moved with the arrow keys. */
import { t } from "../i18n";
import { LIMITS, type Resizable, resize, sizes } from "./layout";

interface Props {
  of: Resizable;
  /** "vertical" bars move left and right. */
  orientation: "vertical" | "horizontal";
  /** -1 where the pane lies after the bar, so that moving back makes it larger. */
  direction: 1 | -1;
}

const KEY_STEP = 24;

export function Splitter({ of, orientation, direction }: Props) {
  const along = (event: PointerEvent) => (orientation === "vertical" ? event.clientX : event.clientY);

  function drag(event: PointerEvent & { currentTarget: HTMLElement }) {
    if (event.button !== 0) return;
    const bar = event.currentTarget;
    const from = along(event);
    const size = sizes.peek()[of];
    const move = (moved: PointerEvent) => resize(of, size + direction * (along(moved) - from));
    const end = () => {
      bar.removeEventListener("pointermove", move);
      bar.removeEventListener("pointerup", end);
      bar.removeEventListener("pointercancel", end);
    };
    bar.setPointerCapture(event.pointerId);
    bar.addEventListener("pointermove", move);
    bar.addEventListener("pointerup", end);
    bar.addEventListener("pointercancel", end);
    event.preventDefault();
  }

  function keys(event: KeyboardEvent) {
    const back = orientation === "vertical" ? "ArrowLeft" : "ArrowUp";
    const on = orientation === "vertical" ? "ArrowRight" : "ArrowDown";
    if (event.key !== back && event.key !== on) return;
    event.preventDefault();
    resize(of, sizes.peek()[of] + direction * (event.key === on ? KEY_STEP : -KEY_STEP));
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> can't be moved; this is ARIA's window splitter
    <div
      class={`splitter ${orientation}`}
      role="separator"
      tabIndex={0}
      aria-orientation={orientation}
      aria-label={t("app.resize")}
      aria-valuemin={LIMITS[of][0]}
      aria-valuemax={LIMITS[of][1]}
      aria-valuenow={sizes.value[of]}
      onPointerDown={drag}
      onKeyDown={keys}
    />
  );
}
