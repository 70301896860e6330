/** Short messages in a corner: what went wrong, in words, until read or closed. */

import { signal } from "@preact/signals";
import { describe } from "../api/http";
import { t } from "../i18n";
import { IconButton } from "./IconButton";
import { Words } from "./Words";

interface Toast {
  id: number;
  tone: "bad" | "good";
  text: string;
  action: Action | undefined;
}

/** Something that opens in a tab of its own, or is done here. */
export type Action = { label: string } & ({ href: string } | { run: () => void });

const LIFE_MS = 9000;
const toasts = signal<Toast[]>([]);
let count = 0;

export function say(text: string, tone: Toast["tone"] = "good", action?: Action): void {
  const same = toasts.peek().find((toast) => toast.text === text);
  if (same) return;
  const id = ++count;
  toasts.value = [...toasts.peek(), { id, tone, text, action }];
  setTimeout(() => dismiss(id), LIFE_MS);
}

/** For `.catch`: tells the user, and ends there. */
export function sayError(error: unknown): void {
  say(describe(error), "bad");
}

function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}

function ActionButton({ action, done }: { action: Action; done: () => void }) {
  if ("href" in action) {
    return (
      <a class="button small primary" href={action.href} target="_blank" rel="noreferrer" onClick={done}>
        {action.label}
      </a>
    );
  }
  const { run } = action;
  return (
    <button
      type="button"
      class="button small"
      onClick={() => {
        done();
        run();
      }}
    >
      {action.label}
    </button>
  );
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.tone}`}>
          <span>
            <Words of={toast.text} />
          </span>
          {toast.action && <ActionButton action={toast.action} done={() => dismiss(toast.id)} />}
          <IconButton icon="close" label={t("app.close")} onClick={() => dismiss(toast.id)} />
        </div>
      ))}
    </div>
  );
}
