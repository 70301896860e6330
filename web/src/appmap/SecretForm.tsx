/** A Secret is entered as a whole: what is not in the form is not in the Secret afterwards. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { describe } from "../api/http";
import { putSecret, type Secret } from "../api/secrets";
import { IconButton } from "../app/IconButton";
import { say } from "../app/toast";
import { t } from "../i18n";

interface Props {
  name: string;
  /** It is this one that is changed. */
  fixed: boolean;
  keys: readonly string[];
  all: readonly Secret[];
  close(): void;
  saved(): void;
}

interface Line {
  id: number;
  key: string;
  value: string;
  shown: boolean;
}

const emptyLine = (id: number, key = ""): Line => ({ id, key, value: "", shown: false });

export function SecretForm({ name: given, fixed, keys, all, close, saved }: Props) {
  const [name, setName] = useState(given);
  const [lines, setLines] = useState<readonly Line[]>(() => keys.map((key, id) => emptyLine(id, key)));
  const [trouble, setTrouble] = useState<string | null>(null);
  const [saving, setSaving] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const another = useRef<HTMLButtonElement>(null);
  const ids = useRef(keys.length);

  useEffect(() => firstEmpty(form.current)?.focus(), []);
  const count = useRef(lines.length);
  useEffect(() => {
    if (lines.length > count.current)
      firstEmpty(form.current?.querySelector("fieldset:last-of-type"))?.focus();
    if (lines.length < count.current) another.current?.focus();
    count.current = lines.length;
  }, [lines.length]);

  const known = all.find((secret) => secret.name === name.trim());
  const lost = known?.entered
    ? known.keys.filter((key) => !lines.some((line) => line.key.trim() === key))
    : [];
  const change = (id: number, part: Partial<Line>) =>
    setLines(lines.map((line) => (line.id === id ? { ...line, ...part } : line)));

  const save = async () => {
    const values = lines.map(({ key, value }) => [key.trim(), value] as const);
    const twice = values.find(([key], at) => values.findIndex(([other]) => other === key) !== at);
    if (twice) return setTrouble(t("secrets.twice", { key: twice[0] }));
    setSaving(true);
    try {
      await putSecret(name.trim(), Object.fromEntries(values));
    } catch (error) {
      setTrouble(describe(error));
      return;
    } finally {
      setSaving(false);
    }
    say(t("secrets.saved", { name: name.trim() }), "good");
    saved();
  };

  return (
    <form
      class="secret-form"
      ref={form}
      aria-labelledby="secret-title"
      autocomplete="off"
      data-testid="secret-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h3 id="secret-title">{fixed ? t("secrets.changeOf", { name }) : t("secrets.new")}</h3>
      {known && (
        <p class="plan-note">
          {known.entered ? t("secrets.anew", { name: known.name }) : t("secrets.kept", { name: known.name })}
        </p>
      )}
      <label class="secret-name">
        {t("secrets.name")}
        <input
          class="field"
          required
          readOnly={fixed}
          value={name}
          maxLength={253}
          spellcheck={false}
          autocapitalize="none"
          autocomplete="off"
          data-testid="secret-name"
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      {lines.map((line, index) => (
        <KeyLine
          key={line.id}
          of={line}
          number={index + 1}
          change={(part) => change(line.id, part)}
          drop={lines.length > 1 ? () => setLines(lines.filter(({ id }) => id !== line.id)) : null}
        />
      ))}
      <button
        type="button"
        class="button small"
        ref={another}
        data-testid="secret-add"
        onClick={() => {
          setLines([...lines, emptyLine(ids.current)]);
          ids.current += 1;
        }}
      >
        {t("secrets.another")}
      </button>
      {lost.length > 0 && (
        <p class="secret-lost" role="status">
          {t("secrets.lost", { keys: lost.join(", ") })}
        </p>
      )}
      {trouble !== null && (
        <p class="notice" role="alert">
          {trouble}
        </p>
      )}
      <div class="outcome-actions">
        <button type="submit" class="button primary" disabled={saving} data-testid="secret-save">
          {t("secrets.save")}
        </button>
        <button type="button" class="button" onClick={close}>
          {t("app.cancel")}
        </button>
      </div>
    </form>
  );
}

const firstEmpty = (of: Element | null | undefined): HTMLElement | undefined =>
  [...(of?.querySelectorAll<HTMLInputElement>(".field:not([readonly])") ?? [])].find(
    ({ value }) => value === "",
  );

interface LineProps {
  of: Line;
  number: number;
  change(part: Partial<Line>): void;
  drop: (() => void) | null;
}

function KeyLine({ of: { key, value, shown }, number, change, drop }: LineProps) {
  // A field for passwords has one line, and would join those of a certificate.
  const manyLines = value.includes("\n");
  const id = useId();
  const field = {
    id,
    class: "field",
    required: true,
    value,
    "data-testid": "secret-value",
  };
  return (
    <fieldset class="secret-line" data-testid="secret-line">
      <legend class="visually-hidden">{t("secrets.keyNumber", { number })}</legend>
      <label>
        {t("secrets.key")}
        <input
          class="field"
          required
          value={key}
          spellcheck={false}
          autocapitalize="none"
          autocomplete="off"
          data-testid="secret-key"
          onInput={({ currentTarget }) => change({ key: currentTarget.value })}
        />
      </label>
      <label htmlFor={id}>
        {t("secrets.value")}
        {shown || manyLines ? (
          <textarea
            {...field}
            rows={manyLines ? 4 : 1}
            spellcheck={false}
            onInput={({ currentTarget }) => change({ value: currentTarget.value })}
          />
        ) : (
          <input
            {...field}
            type="password"
            autocomplete="new-password"
            onInput={({ currentTarget }) => change({ value: currentTarget.value })}
            onPaste={(event) => {
              const pasted = event.clipboardData?.getData("text/plain") ?? "";
              if (!pasted.trimEnd().includes("\n")) return;
              event.preventDefault();
              change({ value: pasted, shown: true });
            }}
          />
        )}
      </label>
      <IconButton
        icon="eye"
        label={t("secrets.show")}
        aria-pressed={shown || manyLines}
        disabled={manyLines}
        data-testid="secret-show"
        onClick={() => change({ shown: !shown })}
      />
      {drop && <IconButton icon="trash" label={t("secrets.drop", { number })} onClick={drop} />}
    </fieldset>
  );
}
