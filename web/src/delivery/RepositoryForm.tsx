/** An image repository is made, or is told of another folder: where its sources are, and which Dockerfile builds them. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { describe } from "../api/http";
import { addRepository, changeRepository, type Repository, type RepositorySpec } from "../api/repositories";
import { say } from "../app/toast";
import { app } from "../deploy/state";
import { t } from "../i18n";
import { lookAtBuilds } from "./builds";
import { draftSource, draftTrouble, Field, SourceFields, useSourceDraft } from "./SourceFields";
import { isElsewhere } from "./source";

/** The project that is deployed; the starter's where that comes from elsewhere. */
function sourceOfApp() {
  const source = app.peek()?.source ?? null;
  return isElsewhere(source) ? null : source;
}

interface Props {
  /** The one that is changed; null for a new one. */
  of: Repository | null;
  close(): void;
}

export function RepositoryForm({ of, close }: Props) {
  const name = useSignal(of?.name ?? "");
  const draft = useSourceDraft(of ? of.source : sourceOfApp());
  const context = useSignal(of?.context ?? "");
  const dockerfile = useSignal(of?.dockerfile ?? "Dockerfile");
  const trouble = useSignal<string | null>(null);
  const saving = useSignal(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => form.current?.querySelector<HTMLInputElement>(".field:not([readonly])")?.focus(), []);

  const save = async () => {
    trouble.value = draftTrouble(draft);
    if (trouble.value !== null) return;
    const spec: RepositorySpec = {
      source: draftSource(draft),
      context: context.value.trim(),
      dockerfile: dockerfile.value.trim(),
    };
    saving.value = true;
    try {
      if (of) await changeRepository(of.name, spec);
      else await addRepository(name.value.trim(), spec);
    } catch (error) {
      trouble.value = describe(error);
      return;
    } finally {
      saving.value = false;
    }
    say(t(of ? "builds.changed" : "builds.added", { name: name.value.trim() }), "good");
    await lookAtBuilds();
    close();
  };

  return (
    <form
      ref={form}
      class="delivery-form"
      aria-labelledby="repository-form-title"
      autocomplete="off"
      data-testid="repository-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h3 id="repository-form-title">{of ? t("builds.changeOf", { name: of.name }) : t("builds.add")}</h3>
      <Field testId="repository-name" label={t("builds.name")} of={name} fixed={of !== null} />
      <SourceFields of={draft} labelledBy="repository-form-title" />
      <Field
        testId="repository-context"
        label={t("builds.folder")}
        of={context}
        placeholder={t("builds.top")}
        optional
      />
      <Field testId="repository-dockerfile" label={t("builds.dockerfile")} of={dockerfile} />
      {trouble.value !== null && (
        <p class="notice" role="alert">
          {trouble.value}
        </p>
      )}
      <div class="outcome-actions">
        <button type="submit" class="button primary" disabled={saving.value} data-testid="repository-save">
          {of ? t("builds.save") : t("builds.make")}
        </button>
        <button type="button" class="button" onClick={close}>
          {t("app.cancel")}
        </button>
      </div>
    </form>
  );
}
