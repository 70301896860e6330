/** The frame of the larger dialogs: the browser's own modal, a title, and a button that closes it. */

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { IconButton } from "./IconButton";

interface WideDialogProps {
  /** Its class, and how tests find it. */
  name: string;
  title: string;
  /** True while it is there; whoever sets it to false closes it. */
  shown: Signal<boolean>;
  /** Whether Escape means something else at the moment. */
  keepsEscape?: boolean;
  onKeyDown?: (event: KeyboardEvent & { currentTarget: HTMLElement }) => void;
  children: ComponentChildren;
}

export function WideDialog({
  name,
  title,
  shown,
  keepsEscape = false,
  onKeyDown,
  children,
}: WideDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // The focus goes back to where it was.
    return () => element?.close();
  }, []);
  const close = () => {
    shown.value = false;
  };
  return (
    <dialog
      ref={dialog}
      class={`dialog wide-dialog ${name}-dialog`}
      aria-labelledby={`${name}-title`}
      data-testid={name}
      onCancel={(event) => {
        if (keepsEscape) event.preventDefault();
        else close();
      }}
      onKeyDown={onKeyDown}
    >
      <header class="dialog-head">
        <h2 id={`${name}-title`}>{title}</h2>
        <IconButton icon="close" label={t("app.close")} onClick={close} />
      </header>
      {children}
    </dialog>
  );
}
