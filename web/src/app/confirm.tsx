/** One question at a time, in the browser's own modal dialog (focus is kept inside and given back). */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";

interface Question {
  title: string;
  text: string;
  confirm: string;
  answer(yes: boolean): void;
}

const question = signal<Question | null>(null);

export function confirm(title: string, text: string, confirmLabel: string): Promise<boolean> {
  return new Promise((resolve) => {
    question.value = {
      title,
      text,
      confirm: confirmLabel,
      answer: (yes) => {
        question.value = null;
        resolve(yes);
      },
    };
  });
}

export function ConfirmDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked) dialog.current?.showModal();
  }, [asked]);
  if (!asked) return null;
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="confirm-title" onCancel={() => asked.answer(false)}>
      <h2 id="confirm-title">{asked.title}</h2>
      <p>{asked.text}</p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => asked.answer(false)}>
          {t("app.cancel")}
        </button>
        <button type="button" class="button danger" onClick={() => asked.answer(true)}>
          {asked.confirm}
        </button>
      </div>
    </dialog>
  );
}
