/** Finding in a terminal's lines; the finder itself is loaded when it is first asked for. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "../app/IconButton";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { activeTab } from "./state";

export const finding = signal(false);

export function FindBar() {
  return finding.value && activeTab.value ? <Bar /> : null;
}

function Bar() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const find = (direction: "next" | "previous", typing = false) => {
    const text = field.current?.value ?? "";
    activeTab.peek()?.session.find(text, direction, typing).catch(sayError);
  };
  const close = () => {
    finding.value = false;
    activeTab.peek()?.session.endFind();
  };
  return (
    <search class="terminal-find">
      <input
        ref={field}
        class="field"
        type="text"
        placeholder={t("terminal.find")}
        aria-label={t("terminal.find")}
        data-testid="terminal-find"
        spellcheck={false}
        autocomplete="off"
        onInput={() => find("previous", true)}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === "Enter") find(event.shiftKey ? "next" : "previous");
          if (event.key === "Escape") close();
        }}
      />
      <IconButton icon="up" label={t("find.previous")} onClick={() => find("previous")} />
      <IconButton icon="down" label={t("find.next")} onClick={() => find("next")} />
      <IconButton icon="close" label={t("app.close")} onClick={close} />
    </search>
  );
}
