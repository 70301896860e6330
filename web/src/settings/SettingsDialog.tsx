/** The settings, in the browser's own modal dialog. Each is in force as soon as it is changed. */
import { signal } from "@preact/signals";
import { runById } from "../actions/registry";
import { Icon } from "../app/icons";
import { WideDialog } from "../app/WideDialog";
import { type Key, lang, setLang, t } from "../i18n";
import { THEMES, theme } from "../theme/theme";
import { change, FONT_LIMITS, type Settings, settings } from "./state";
import { agreed } from "./sync";
import "./settings.css";

const open = signal(false);
export const showSettings = (): void => {
  open.value = true;
};

export function SettingsDialog() {
  return open.value ? <Dialog /> : null;
}

function Dialog() {
  return (
    <WideDialog name="settings" title={t("settings.title")} shown={open}>
      <fieldset class="setting">
        <legend>{t("settings.theme")}</legend>
        <div class="segmented">
          {THEMES.map((each) => (
            <button
              type="button"
              key={each}
              aria-pressed={theme.value === each}
              onClick={() => {
                theme.value = each;
              }}
            >
              {t(`app.theme.${each}`)}
            </button>
          ))}
        </div>
      </fieldset>
      <fieldset class="setting">
        <legend>{t("app.language")}</legend>
        <div class="segmented">
          <button type="button" lang="ko" aria-pressed={lang.value === "ko"} onClick={() => setLang("ko")}>
            한국어
          </button>
          <button type="button" lang="en" aria-pressed={lang.value === "en"} onClick={() => setLang("en")}>
            English
          </button>
        </div>
      </fieldset>
      <FontSize of="editorFont" label="settings.editorFont" />
      <FontSize of="terminalFont" label="settings.terminalFont" />
      <Switch of="autosave" label="settings.autosave" hint="settings.autosave.hint" />
      <Switch of="wrap" label="settings.wrap" hint="settings.wrap.hint" />
      <Switch of="whitespace" label="settings.whitespace" hint="settings.whitespace.hint" />
      <Switch of="minimap" label="settings.minimap" hint="settings.minimap.hint" />
      <Switch of="languageServers" label="settings.languageServers" hint="settings.languageServers.hint" />
      <Switch of="vim" label="settings.vim" hint="settings.vim.hint" />
      <Switch of="copyOnSelect" label="settings.copyOnSelect" hint="settings.copyOnSelect.hint" />
      <Switch of="clipboard" label="settings.clipboard" hint="settings.clipboard.hint" />
      <Switch of="screenReader" label="settings.screenReader" hint="settings.screenReader.hint" />
      <div class="settings-end">
        <span class="faint" role="status" data-testid="settings-kept" data-agreed={agreed.value}>
          {t(agreed.value ? "settings.kept" : "settings.waiting")}
        </span>
        <button
          type="button"
          class="button"
          onClick={() => {
            open.value = false;
            runById("app.keys");
          }}
        >
          <Icon name="keyboard" />
          {t("keys.title")}
        </button>
      </div>
    </WideDialog>
  );
}

type Of<T> = { [K in keyof Settings]: Settings[K] extends T ? K : never }[keyof Settings];

function FontSize({ of, label }: { of: Of<number>; label: Key }) {
  const id = `setting-${of}`;
  return (
    <div class="setting">
      <label for={id}>{t(label)}</label>
      <input
        id={id}
        class="field"
        type="number"
        step={0.5}
        min={FONT_LIMITS[0]}
        max={FONT_LIMITS[1]}
        value={settings.value[of]}
        onChange={(event) => change({ [of]: event.currentTarget.valueAsNumber || settings.peek()[of] })}
      />
    </div>
  );
}

function Switch({ of, label, hint }: { of: Of<boolean>; label: Key; hint: Key }) {
  const id = `setting-${of}`;
  return (
    <div class="setting">
      <label for={id}>
        {t(label)} <small class="faint">{t(hint)}</small>
      </label>
      <input
        id={id}
        type="checkbox"
        checked={settings.value[of]}
        onChange={(event) => change({ [of]: event.currentTarget.checked })}
      />
    </div>
  );
}
