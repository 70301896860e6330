/** An image repository is made, or is told of another folder: where its sources are, and which Dockerfile builds them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { describe } from "../api/http";
import { addRepository, changeRepository, type Repository, type RepositorySpec } from "../api/repositories";
import { say } from "../app/toast";
import { app } from "../deploy/state";
import { t } from "../i18n";
import { lookAtBuilds } from "./builds";

/** The project that is deployed; the starter's where that comes from elsewhere. */
function projectOfApp(): string {
  const source = app.peek()?.source;
  return source && "project" in source ? source.project : "guestbook";
}

interface Props {
  /** The one that is changed; null for a new one. */
  of: Repository | null;
  close(): void;
}

export function RepositoryForm({ of, close }: Props) {
  const [name, setName] = useState(of?.name ?? "");
  const [elsewhere, setElsewhere] = useState(of?.source.url !== undefined);
  const [project, setProject] = useState(of?.source.project ?? projectOfApp());
  const [url, setUrl] = useState(of?.source.url ?? "");
  const [branch, setBranch] = useState(of?.source.branch ?? "main");
  const [context, setContext] = useState(of?.context ?? "");
  const [dockerfile, setDockerfile] = useState(of?.dockerfile ?? "Dockerfile");
  const [trouble, setTrouble] = useState<string | null>(null);
  const [saving, setSaving] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => form.current?.querySelector<HTMLInputElement>(".field:not([readonly])")?.focus(), []);

  const save = async () => {
    const source = elsewhere ? { url: url.trim(), branch: branch.trim() } : { project: project.trim() };
    const spec: RepositorySpec = { source, context: context.trim(), dockerfile: dockerfile.trim() };
    setSaving(true);
    try {
      if (of) await changeRepository(of.name, spec);
      else await addRepository(name.trim(), spec);
    } catch (error) {
      setTrouble(describe(error));
      return;
    } finally {
      setSaving(false);
    }
    say(t(of ? "builds.changed" : "builds.added", { name: name.trim() }), "good");
    await lookAtBuilds();
    close();
  };

  return (
    <form
      ref={form}
      class="repository-form"
      aria-labelledby="repository-form-title"
      autocomplete="off"
      data-testid="repository-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h3 id="repository-form-title">{of ? t("builds.changeOf", { name }) : t("builds.add")}</h3>
      <Field
        label={t("builds.name")}
        value={name}
        change={setName}
        fixed={of !== null}
        testId="repository-name"
      />
      <fieldset>
        <legend>{t("builds.source")}</legend>
        <label class="choice">
          <input type="radio" name="source" checked={!elsewhere} onChange={() => setElsewhere(false)} />
          {t("builds.sourceProject")}
        </label>
        <label class="choice">
          <input
            type="radio"
            name="source"
            checked={elsewhere}
            data-testid="repository-elsewhere"
            onChange={() => setElsewhere(true)}
          />
          {t("builds.sourceUrl")}
        </label>
      </fieldset>
      {elsewhere ? (
        <>
          <Field label={t("builds.url")} value={url} change={setUrl} testId="repository-url" />
          <Field label={t("builds.branch")} value={branch} change={setBranch} testId="repository-branch" />
        </>
      ) : (
        <Field label={t("builds.project")} value={project} change={setProject} testId="repository-project" />
      )}
      <Field
        label={t("builds.folder")}
        value={context}
        change={setContext}
        testId="repository-context"
        optional
        placeholder={t("builds.top")}
      />
      <Field
        label={t("builds.dockerfile")}
        value={dockerfile}
        change={setDockerfile}
        testId="repository-dockerfile"
      />
      {trouble !== null && (
        <p class="notice" role="alert">
          {trouble}
        </p>
      )}
      <div class="outcome-actions">
        <button type="submit" class="button primary" disabled={saving} data-testid="repository-save">
          {of ? t("builds.save") : t("builds.make")}
        </button>
        <button type="button" class="button" onClick={close}>
          {t("app.cancel")}
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  label: string;
  value: string;
  testId: string;
  fixed?: boolean;
  optional?: boolean;
  placeholder?: string;
  change(value: string): void;
}

const Field = ({ label, value, testId, fixed, optional, placeholder, change }: FieldProps) => (
  <label>
    {label}
    <input
      class="field"
      required={!optional}
      readOnly={fixed}
      value={value}
      placeholder={placeholder}
      spellcheck={false}
      autocapitalize="none"
      autocomplete="off"
      data-testid={testId}
      onInput={({ currentTarget }) => change(currentTarget.value)}
    />
  </label>
);
