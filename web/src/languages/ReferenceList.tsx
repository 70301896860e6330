/** The list of references: arrows walk, Enter goes there. */
import { useState } from "preact/hooks";
import { IconButton } from "../app/IconButton";
import { t } from "../i18n";
import type { Reference } from "./places";
import "./references.css";

interface ReferenceListProps {
  files: readonly (readonly [name: string, references: readonly Reference[]])[];
  onGo: (to: Reference) => void;
  onClose: () => void;
}

export function ReferenceList({ files, onGo, onClose }: ReferenceListProps) {
  const all = files.flatMap(([, references]) => references);
  const [current, setCurrent] = useState(0);

  function keys(event: KeyboardEvent & { currentTarget: HTMLElement }) {
    const last = all.length - 1;
    const places: Record<string, number> = {
      ArrowDown: Math.min(last, current + 1),
      ArrowUp: Math.max(0, current - 1),
      Home: 0,
      End: last,
    };
    const to = places[event.key];
    if (to !== undefined) event.currentTarget.querySelectorAll("button")[to]?.focus();
    else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <section aria-label={t("language.referenceList")} data-testid="references">
      <div class="references-head">
        <strong>{t("language.referenceCount", { count: all.length })}</strong>
        <IconButton icon="close" label={t("app.close")} onClick={onClose} />
      </div>
      <ul class="references-list" onKeyDown={keys}>
        {files.map(([name, references]) => (
          <li key={name}>
            <span class="references-file">{name}</span>
            <ul>
              {references.map((one) => {
                const index = all.indexOf(one);
                return (
                  <li key={index}>
                    <button
                      type="button"
                      class="reference"
                      tabIndex={index === current ? 0 : -1}
                      data-path={one.path}
                      onFocus={() => setCurrent(index)}
                      onClick={() => onGo(one)}
                    >
                      <span class="references-line">{one.line}</span>
                      <code>
                        {one.before}
                        <strong>{one.name}</strong>
                        {one.after}
                      </code>
                    </button>
                  </li>
                );
              })}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  );
}
