/** Secrets that are kept outside git: which there are, with their keys, and the form to enter one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { describe } from "../api/http";
import { readSecrets, removeSecret, type Secret } from "../api/secrets";
import { confirm } from "../app/confirm";
import { say } from "../app/toast";
import { keysWanted, type SecretKey } from "../deploy/secret";
import { app } from "../deploy/state";
import { t } from "../i18n";
import { problems } from "../problems/state";
import { secretAsked } from "./open";
import { SecretForm } from "./SecretForm";
import "./secrets.css";

interface Opened {
  /** Another number is another form. */
  number: number;
  name: string;
  fixed: boolean;
  keys: string[];
}

export function Secrets() {
  const [all, setAll] = useState<readonly Secret[] | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [opened, setOpened] = useState<Opened | null>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const numbers = useRef(0);

  const look = async () => {
    try {
      setAll(await readSecrets());
      setTrouble(null);
    } catch (error) {
      setTrouble(describe(error));
    }
  };
  useEffect(() => {
    void look();
  }, []);

  const open = (of: SecretKey, fixed: boolean) => {
    const known = all?.find(({ name }) => name === of.name);
    numbers.current += 1;
    setOpened({ number: numbers.current, name: of.name, fixed, keys: keysToEnter(of, known) });
  };
  const asked = secretAsked.value;
  useEffect(() => {
    if (asked === null || all === null) return;
    secretAsked.value = null;
    open(asked, false);
  }, [asked, all]);

  const wasOpen = useRef(false);
  useEffect(() => {
    if (wasOpen.current && opened === null) opener.current?.focus();
    wasOpen.current = opened !== null;
  }, [opened]);

  const remove = async (name: string) => {
    if (!(await confirm(t("secrets.removeAsk", { name }), t("secrets.removeText"), t("secrets.remove"))))
      return;
    let failed: string | null = null;
    try {
      await removeSecret(name);
      say(t("secrets.removed", { name }), "good");
    } catch (error) {
      failed = describe(error);
    }
    if (opened?.name === name) setOpened(null);
    await look();
    if (failed !== null) setTrouble(failed);
    opener.current?.focus();
  };

  return (
    <div class="secrets" data-testid="secrets">
      <p class="plan-note">{t("secrets.note")}</p>
      {trouble !== null && (
        <p class="notice" role="alert">
          {trouble}
        </p>
      )}
      {all === null && trouble === null && <p role="status">{t("app.loading")}</p>}
      {all?.length === 0 && <p class="plan-note">{t("secrets.none")}</p>}
      {all !== null && all.length > 0 && (
        <ul class="secret-list">
          {all.map((secret) => (
            <SecretRow
              key={secret.name}
              of={secret}
              change={() => open({ name: secret.name, key: "" }, true)}
              remove={() => void remove(secret.name)}
            />
          ))}
        </ul>
      )}
      {all !== null && opened !== null && (
        <SecretForm
          key={opened.number}
          name={opened.name}
          fixed={opened.fixed}
          keys={opened.keys}
          all={all}
          close={() => setOpened(null)}
          saved={() => {
            setOpened(null);
            void look();
          }}
        />
      )}
      {all !== null && opened === null && (
        <button
          type="button"
          class="button"
          ref={opener}
          data-testid="secret-new"
          onClick={() => open({ name: "", key: "" }, false)}
        >
          {t("secrets.new")}
        </button>
      )}
    </div>
  );
}

/** Those that would go otherwise, and those that something waits for. One empty line where there are none. */
function keysToEnter({ name, key }: SecretKey, known: Secret | undefined): string[] {
  const findings = [
    ...(app.value?.target?.diagnostics ?? []),
    ...problems.value.flatMap(({ diagnostic }) => diagnostic ?? []),
  ];
  const wanted = name === "" ? [] : keysWanted(name, findings);
  const missing = [key, ...wanted].filter((each) => each !== "" && !known?.keys.includes(each));
  const keys = new Set([...(known?.entered ? known.keys : []), ...missing]);
  return keys.size > 0 ? [...keys] : [""];
}

interface RowProps {
  of: Secret;
  change(): void;
  remove(): void;
}

function SecretRow({ of: { name, keys, entered }, change, remove }: RowProps) {
  return (
    <li data-testid="secret" data-name={name}>
      <div>
        <strong>{name}</strong>{" "}
        <span class="plan-note">{t(entered ? "secrets.entered" : "secrets.brought")}</span>
        <ul class="secret-keys" aria-label={t("secrets.keysOf", { name })}>
          {keys.map((key) => (
            <li key={key}>
              <code class="said">{key}</code>
            </li>
          ))}
        </ul>
      </div>
      <div class="outcome-actions">
        <button
          type="button"
          class="button small"
          aria-label={t(entered ? "secrets.changeOf" : "secrets.addTo", { name })}
          data-testid="secret-change"
          onClick={change}
        >
          {t(entered ? "secrets.change" : "secrets.addKey")}
        </button>
        {entered && (
          <button
            type="button"
            class="button small danger"
            aria-label={t("secrets.removeOf", { name })}
            data-testid="secret-remove"
            onClick={remove}
          >
            {t("secrets.remove")}
          </button>
        )}
      </div>
    </li>
  );
}
