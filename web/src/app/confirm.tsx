/** One question at a time, in the browser's own modal dialog (focus is kept inside and given back). */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";

interface Question {
  title: string;
  text: string;
  confirm: string;
  /** The other way, where that is more than not to do it. */
  other?: string;
  /** Null where it was put away. */
  answer(yes: boolean | null): void;
}

const question = signal<Question | null>(null);

function put(asked: Omit<Question, "answer">): Promise<boolean | null> {
  return new Promise((resolve) => {
    question.value = {
      ...asked,
      answer: (yes) => {
        question.value = null;
        resolve(yes);
      },
    };
  });
}

export async function confirm(title: string, text: string, confirmLabel: string): Promise<boolean> {
  return (await put({ title, text, confirm: confirmLabel })) ?? false;
}

/** One of two ways, neither of them a danger; null for none. */
export const choose = (title: string, text: string, one: string, other: string): Promise<boolean | null> =>
  put({ title, text, confirm: one, other });

export function ConfirmDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked) dialog.current?.showModal();
  }, [asked]);
  if (!asked) return null;
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="confirm-title" onCancel={() => asked.answer(null)}>
      <h2 id="confirm-title">{asked.title}</h2>
      <p>{asked.text}</p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => asked.answer(false)}>
          {asked.other ?? t("app.cancel")}
        </button>
        <button
          type="button"
          class={asked.other ? "button primary" : "button danger"}
          onClick={() => asked.answer(true)}
        >
          {asked.confirm}
        </button>
      </div>
    </dialog>
  );
}
