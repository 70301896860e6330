/** Where a new name is typed: Enter takes it, Escape leaves it, leaving the field takes what is good. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { say } from "../app/toast";
import { t } from "../i18n";
import { isGoodName } from "./tree";

export function NameField({ initial, done }: { initial: string; done: (name: string | null) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const over = useRef(false);
  useLayoutEffect(() => {
    const input = field.current;
    if (!input) return;
    input.focus();
    const dot = initial.lastIndexOf(".");
    input.setSelectionRange(0, dot > 0 ? dot : initial.length);
  }, [initial]);

  function finish(name: string | null) {
    if (over.current) return;
    if (name !== null && !isGoodName(name)) {
      say(t("files.badName"), "bad");
      return;
    }
    over.current = true;
    done(name);
  }

  return (
    <input
      ref={field}
      class="tree-name-field"
      aria-label={t("files.name")}
      defaultValue={initial}
      spellcheck={false}
      autocomplete="off"
      onClick={(event) => event.stopPropagation()}
      onBlur={(event) => {
        const name = event.currentTarget.value.trim();
        finish(name === "" || name === initial || !isGoodName(name) ? null : name);
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        // A Hangul syllable still being composed takes Enter for itself.
        if (event.isComposing) return;
        if (event.key === "Enter") finish(event.currentTarget.value.trim());
        if (event.key === "Escape") finish(null);
      }}
    />
  );
}
