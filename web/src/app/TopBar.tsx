import { Keys } from "../actions/Keys";
import { hintOf } from "../actions/registry";
import { logOut } from "../api/session";
import { deploy, running } from "../deploy/state";
import { root } from "../files/state";
import { lang, setLang, t } from "../i18n";
import { openPalette } from "../palette/state";
import { nextTheme, theme } from "../theme/theme";
import { WorkspaceMenu } from "../workspace/WorkspaceMenu";
import { IconButton } from "./IconButton";
import { Icon } from "./icons";
import { Logo } from "./Logo";
import { showDeploy } from "./layout";
import { me } from "./me";
import { useMenu } from "./menu";
import { sayError } from "./toast";

const THEME_ICONS = { system: "system", light: "sun", dark: "moon", contrast: "contrast" } as const;

export function TopBar() {
  return (
    <header class="top-bar">
      <h1 class="brand">
        <a href="/ide" aria-label="Maru 마루">
          <Logo size={26} />
          <span>
            Maru <span class="brand-ko">마루</span>
          </span>
        </a>
      </h1>
      <span class="project">{root.value || t("app.project")}</span>
      <WorkspaceMenu />
      <span class="spacer" />
      <PaletteButton />
      <span class="spacer" />
      <LangSwitch />
      <ThemeSwitch />
      <button
        type="button"
        class="button primary deploy-button"
        data-testid="deploy-button"
        disabled={running.value}
        onClick={() => {
          showDeploy(true);
          void deploy();
        }}
      >
        <Icon name="rocket" />
        {running.value ? t("deploy.running") : t("deploy.button")}
      </button>
      <UserMenu />
    </header>
  );
}

function PaletteButton() {
  return (
    <button type="button" class="palette-button" data-testid="palette-button" onClick={() => openPalette("")}>
      <Icon name="search" />
      <span class="palette-words">{t("palette.open")}</span>
      <Keys of={hintOf("palette.files")} />
    </button>
  );
}

function LangSwitch() {
  return (
    <fieldset class="segmented lang-switch">
      <legend class="visually-hidden">{t("app.language")}</legend>
      <button type="button" lang="ko" aria-pressed={lang.value === "ko"} onClick={() => setLang("ko")}>
        <span class="long">한국어</span>
        <span class="short">한</span>
      </button>
      <button type="button" lang="en" aria-pressed={lang.value === "en"} onClick={() => setLang("en")}>
        EN
      </button>
    </fieldset>
  );
}

function ThemeSwitch() {
  const label = t("app.theme", { theme: t(`app.theme.${theme.value}`) });
  return (
    <IconButton
      class="theme-switch"
      icon={THEME_ICONS[theme.value]}
      label={label}
      data-testid="theme-switch"
      onClick={() => {
        theme.value = nextTheme(theme.value);
      }}
    />
  );
}

function UserMenu() {
  const { menu } = useMenu();
  const user = me.value;
  if (!user) return null;
  return (
    <details {...menu} class="user-menu">
      <summary class="icon-button" aria-label={t("app.menu")} title={t("app.menu")} data-testid="user-menu">
        <Icon name="person" />
      </summary>
      <div class="user-card">
        <p>
          <strong>{user.name}</strong>
          <span class="faint">
            {user.login} · {t(`role.${user.role}`)}
          </span>
        </p>
        <a href="/account">{t("app.account")}</a>
        {user.role === "admin" && <a href="/admin">{t("app.admin")}</a>}
        <a href="/network" target="_blank" rel="noreferrer">
          {t("network.title")}
        </a>
        <button
          type="button"
          onClick={() => {
            logOut()
              .then(() => location.assign("/login"))
              .catch(sayError);
          }}
        >
          {t("app.logout")}
        </button>
      </div>
    </details>
  );
}
