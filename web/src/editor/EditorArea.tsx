/** The groups of the editor beside and below one another; on a narrow screen only that in front. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { ShareBar } from "../app/ShareBar";
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

function SplitPart({ of, narrow }: { of: Split; narrow: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  return (
    <div ref={box} class={`split ${of.direction}`}>
      {of.children.map((child, index) => (
        <Share key={child.id} size={of.sizes[index] ?? 1}>
          {index > 0 && (
            <ShareBar
              direction={of.direction}
              box={box}
              sizes={of.sizes}
              index={index - 1}
              take={(sizes) => {
                area.value = withSizes(area.peek(), of.id, sizes);
              }}
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
