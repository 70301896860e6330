/** What else than the usual shell a new terminal may be: only what is installed. */
import { useState } from "preact/hooks";
import type { TerminalProfile } from "../api/types";
import { listProfiles } from "../api/workspace";
import { Icon } from "../app/icons";
import { useMenu } from "../app/menu";
import { sayError } from "../app/toast";
import { t } from "../i18n";
import { newTerminal } from "./state";

const NAMES: Record<string, string> = {
  bash: "Bash",
  zsh: "Zsh",
  fish: "fish",
  python: "Python",
  node: "Node.js",
};

export function ProfileMenu() {
  const [profiles, setProfiles] = useState<readonly TerminalProfile[]>([]);
  const { close, menu } = useMenu();
  const open = (wanted: Parameters<typeof newTerminal>[0]) => {
    close();
    newTerminal(wanted).catch(sayError);
  };
  return (
    <details
      {...menu}
      class="profile-menu"
      onToggle={({ currentTarget }) => {
        if (!currentTarget.open) return;
        place(currentTarget);
        // Each time: what a student installed meanwhile is there as well.
        listProfiles().then(setProfiles).catch(sayError);
      }}
    >
      <summary
        class="icon-button"
        aria-label={t("terminal.profiles")}
        title={t("terminal.profiles")}
        data-testid="terminal-profiles"
      >
        <Icon name="down" />
      </summary>
      <div class="menu">
        {profiles.map((profile) => (
          <button type="button" key={profile.id} data-profile={profile.id} onClick={() => open({ profile })}>
            {NAMES[profile.id] ?? profile.id}
          </button>
        ))}
        <button type="button" data-profile="clean" onClick={() => open({ clean: true })}>
          {t("workspace.cleanShell")}
        </button>
      </div>
    </details>
  );
}

/** The menu lies over everything, above its button, where there is more room. */
function place(details: HTMLDetailsElement): void {
  const { top, bottom, right } = details.getBoundingClientRect();
  const menu = details.querySelector<HTMLElement>(".menu");
  if (!menu) return;
  const above = top > innerHeight - bottom;
  menu.style.inset = above
    ? `auto ${Math.max(8, innerWidth - right)}px ${innerHeight - top + 4}px auto`
    : `${bottom + 4}px ${Math.max(8, innerWidth - right)}px auto auto`;
}
