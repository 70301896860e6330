/** The groups of the editor beside and below one another; on a narrow screen only that in front. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n";
import { EditorGroup } from "./EditorGroup";
import { type Area, area, type Split, withSizes } from "./groups";
import "./editor.css";

const query = matchMedia("(width < 760px)");
const narrow = signal(query.matches);
query.addEventListener("change", () => {
  narrow.value = query.matches;
});

export function EditorArea() {
  return (
    <section class="editor" aria-label={t("app.pane.editor")} data-narrow={narrow.value}>
      <Part of={area.value} narrow={narrow.value} />
    </section>
  );
}

function Part({ of, narrow }: { of: Area; narrow: boolean }) {
  if (of.kind === "group") return <EditorGroup key={of.id} group={of} narrow={narrow} />;
  return <SplitPart key={of.id} of={of} narrow={narrow} />;
}

/** Shares below which nothing of a group would be seen. */
const LEAST = 0.1;
const KEY_STEP = 0.05;

function SplitPart({ of, narrow }: { of: Split; narrow: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const all = of.sizes.reduce((sum, size) => sum + size, 0);

  /** Gives the child before a bar so much of the room more, and that after it so much less. */
  function shift(index: number, share: number, from: readonly number[]) {
    const [before = 0, after = 0] = [from[index], from[index + 1]];
    const least = Math.min(LEAST * all, before, after);
    const by = Math.max(least - before, Math.min(after - least, share * all));
    area.value = withSizes(area.peek(), of.id, from.with(index, before + by).with(index + 1, after - by));
  }

  const room = () => {
    const { width = 1, height = 1 } = box.current?.getBoundingClientRect() ?? {};
    return of.direction === "row" ? width : height;
  };

  return (
    <div ref={box} class={`split ${of.direction}`}>
      {of.children.map((child, index) => (
        <Share key={child.id} size={of.sizes[index] ?? 1}>
          {index > 0 && (
            <Bar
              direction={of.direction}
              share={(of.sizes[index - 1] ?? 1) / all}
              start={() => {
                const from = of.sizes;
                return (pixels: number) => shift(index - 1, pixels / room(), from);
              }}
              step={(by) => shift(index - 1, by * KEY_STEP, of.sizes)}
            />
          )}
          <Part of={child} narrow={narrow} />
        </Share>
      ))}
    </div>
  );
}

function Share({ size, children }: { size: number; children: ComponentChildren }) {
  return (
    <div class="share" style={{ flexGrow: size }}>
      {children}
    </div>
  );
}

interface BarProps {
  direction: Split["direction"];
  share: number;
  /** Begins a drag; what it answers is told how far it went. */
  start: () => (pixels: number) => void;
  step: (by: 1 | -1) => void;
}

function Bar({ direction, share, start, step }: BarProps) {
  const along = (event: PointerEvent) => (direction === "row" ? event.clientX : event.clientY);

  function drag(event: PointerEvent & { currentTarget: HTMLElement }) {
    if (event.button !== 0) return;
    const bar = event.currentTarget;
    const from = along(event);
    const moved = start();
    const move = (to: PointerEvent) => moved(along(to) - from);
    const ended = new AbortController();
    const { signal } = ended;
    bar.setPointerCapture(event.pointerId);
    bar.addEventListener("pointermove", move, { signal });
    bar.addEventListener("pointerup", () => ended.abort(), { signal });
    bar.addEventListener("pointercancel", () => ended.abort(), { signal });
    event.preventDefault();
  }

  function keys(event: KeyboardEvent) {
    const [back, on] = direction === "row" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    if (event.key !== back && event.key !== on) return;
    event.preventDefault();
    step(event.key === on ? 1 : -1);
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> can't be moved; this is ARIA's window splitter
    <div
      class={`splitter ${direction === "row" ? "vertical" : "horizontal"}`}
      role="separator"
      tabIndex={0}
      aria-orientation={direction === "row" ? "vertical" : "horizontal"}
      aria-label={t("app.resize")}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      onPointerDown={drag}
      onKeyDown={keys}
    />
  );
}
