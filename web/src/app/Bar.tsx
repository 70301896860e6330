/** A bar between two things that is dragged, or moved with the arrow keys: ARIA's window splitter. */
import { t } from "../i18n";

interface Props {
  /** "vertical" bars move left and right. */
  orientation: "vertical" | "horizontal";
  min: number;
  max: number;
  value: number;
  /** Begins a drag; what it answers is told how many CSS pixels it has gone since, right or down. */
  start: () => (pixels: number) => void;
  /** An arrow key: -1 is left or up. */
  step: (by: 1 | -1) => void;
}

export function Bar({ orientation, min, max, value, start, step }: Props) {
  const along = (event: PointerEvent) => (orientation === "vertical" ? event.clientX : event.clientY);

  function drag(event: PointerEvent & { currentTarget: HTMLElement }) {
    if (event.button !== 0) return;
    const bar = event.currentTarget;
    const from = along(event);
    const moved = start();
    const ended = new AbortController();
    const { signal } = ended;
    bar.setPointerCapture(event.pointerId);
    const move = (to: PointerEvent) => moved(along(to) - from);
    bar.addEventListener("pointermove", move, { signal });
    bar.addEventListener("pointerup", () => ended.abort(), { signal });
    bar.addEventListener("pointercancel", () => ended.abort(), { signal });
    event.preventDefault();
  }

  function keys(event: KeyboardEvent) {
    const [back, on] = orientation === "vertical" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    if (event.key !== back && event.key !== on) return;
    event.preventDefault();
    step(event.key === on ? 1 : -1);
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> can't be moved
    <div
      class={`splitter ${orientation}`}
      role="separator"
      tabIndex={0}
      aria-orientation={orientation}
      aria-label={t("app.resize")}
      aria-valuemin={min}
      aria-valuemax={max}
      aria-valuenow={value}
      onPointerDown={drag}
      onKeyDown={keys}
    />
  );
}
