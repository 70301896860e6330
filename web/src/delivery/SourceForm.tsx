/** Where the manifests and the code come from: a project here, or a repository elsewhere; told, and changed. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { describe } from "../api/http";
import { putSource } from "../api/target";
import type { App, AppSource } from "../api/types";
import { say } from "../app/toast";
import { app } from "../deploy/state";
import { t } from "../i18n";
import { refreshQuietly } from "./acts";
import { draftSource, draftTrouble, Field, SourceFields, useSourceDraft } from "./SourceFields";
import { sourceWords } from "./source";

export function SourceLine({ of }: { of: App | null }) {
  const open = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    open.value = false;
    // The keyboard goes on where it came from, once the button is there again.
    setTimeout(() => button.current?.focus());
  };
  if (open.value) return <SourceForm from={of?.source ?? null} path={of?.path ?? ""} close={close} />;
  return (
    <p class="source" data-testid="source">
      <span class="faint">{t("source.title")}</span>{" "}
      <span data-testid="source-now">{sourceWords(of?.source, of?.path)}</span>
      <button
        type="button"
        class="button small"
        ref={button}
        data-testid="source-change"
        aria-expanded="false"
        onClick={() => {
          open.value = true;
        }}
      >
        {t("source.change")}
      </button>
    </p>
  );
}

interface FormProps {
  from: AppSource | null;
  path: string;
  close: () => void;
}

function SourceForm({ from, path, close }: FormProps) {
  const draft = useSourceDraft(from);
  const folder = useSignal(path);
  const saving = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLInputElement>("input:checked")?.focus(), []);

  // Keys go on there: a button that was disabled meanwhile has lost them.
  const toMend = () => form.current?.querySelector<HTMLInputElement>(".field")?.focus();

  const save = async () => {
    trouble.value = draftTrouble(draft);
    if (trouble.value !== null) return toMend();
    saving.value = true;
    try {
      app.value = await putSource(draftSource(draft), folder.value.trim());
      // What is written there is seen only by reading it.
      await refreshQuietly();
    } catch (error) {
      trouble.value = describe(error);
      saving.value = false;
      return toMend();
    }
    say(t("source.changed"), "good");
    close();
  };

  return (
    <form
      class="delivery-form"
      ref={form}
      aria-labelledby="source-title"
      data-testid="source-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !saving.value) close();
      }}
    >
      <h3 id="source-title">{t("source.formTitle")}</h3>
      <SourceFields of={draft} labelledBy="source-title" />
      <Field testId="source-field-path" label={t("source.path")} of={folder} placeholder="k8s" optional />
      <p class="faint">{t(draft.elsewhere.value ? "source.noteElsewhere" : "source.noteProject")}</p>
      {trouble.value !== null && (
        <p class="notice" role="alert" data-testid="source-trouble">
          {trouble.value}
        </p>
      )}
      <div class="outcome-actions">
        <button type="submit" class="button primary" disabled={saving.value} data-testid="source-save">
          {t(saving.value ? "source.saving" : "source.save")}
        </button>
        <button type="button" class="button" disabled={saving.value} onClick={close}>
          {t("app.cancel")}
        </button>
      </div>
    </form>
  );
}
