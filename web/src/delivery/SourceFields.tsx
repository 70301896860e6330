/** A project here, or a repository elsewhere: which of the two, and which one. */
import { type Signal, useSignal } from "@preact/signals";
import type { AppSource } from "../api/types";
import { t } from "../i18n";
import { addressTrouble, isElsewhere, STARTER } from "./source";

/** What is in the fields. */
export interface SourceDraft {
  elsewhere: Signal<boolean>;
  project: Signal<string>;
  url: Signal<string>;
  branch: Signal<string>;
}

export function useSourceDraft(from: AppSource | null): SourceDraft {
  return {
    elsewhere: useSignal(isElsewhere(from)),
    project: useSignal((!isElsewhere(from) && from?.project) || STARTER),
    url: useSignal(isElsewhere(from) ? from.url : ""),
    branch: useSignal(isElsewhere(from) ? from.branch : "main"),
  };
}

/** Null where the server may be asked. */
export const draftTrouble = ({ elsewhere, url }: SourceDraft): string | null =>
  elsewhere.value ? addressTrouble(url.value) : null;

export const draftSource = ({ elsewhere, project, url, branch }: SourceDraft): AppSource =>
  elsewhere.value
    ? { url: url.value.trim(), branch: branch.value.trim() || "main" }
    : { project: project.value.trim() };

interface Props {
  of: SourceDraft;
  /** The id of what says what is chosen here. */
  labelledBy: string;
}

export function SourceFields({ of: { elsewhere, project, url, branch }, labelledBy }: Props) {
  return (
    <>
      <div class="source-kinds" role="radiogroup" aria-labelledby={labelledBy}>
        <Kind of={false} chosen={elsewhere} words={t("source.project")} />
        <Kind of={true} chosen={elsewhere} words={t("source.elsewhere")} />
      </div>
      {elsewhere.value ? (
        <div class="source-fields">
          <Field
            testId="source-field-url"
            label={t("source.url")}
            of={url}
            placeholder="https://github.com/mina/shop.git"
            wide
          />
          <Field testId="source-field-branch" label={t("source.branch")} of={branch} placeholder="main" />
        </div>
      ) : (
        <Field
          testId="source-field-project"
          label={t("source.projectName")}
          of={project}
          placeholder={STARTER}
        />
      )}
    </>
  );
}

function Kind({ of, chosen, words }: { of: boolean; chosen: Signal<boolean>; words: string }) {
  return (
    <label class="choice">
      <input
        type="radio"
        name="source-kind"
        data-testid={of ? "source-elsewhere" : "source-project"}
        checked={chosen.value === of}
        onChange={() => {
          chosen.value = of;
        }}
      />
      {words}
    </label>
  );
}

interface FieldProps {
  testId: string;
  label: string;
  of: Signal<string>;
  placeholder?: string;
  /** It is told, and stays as it is. */
  fixed?: boolean;
  optional?: boolean;
  wide?: boolean;
}

/** A line of text as programs take it. */
export const Field = ({ testId, label, of, placeholder, fixed, optional, wide }: FieldProps) => (
  <label class={wide ? "wide" : undefined}>
    {label}
    <input
      class="field"
      required={!optional}
      readOnly={fixed}
      value={of.value}
      placeholder={placeholder}
      spellcheck={false}
      autocapitalize="none"
      autocomplete="off"
      data-testid={testId}
      onInput={({ currentTarget }) => {
        of.value = currentTarget.value;
      }}
    />
  </label>
);
