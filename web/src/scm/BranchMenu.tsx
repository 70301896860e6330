/** The branch that is checked out; behind it the others, and a new one. */
import { useState } from "preact/hooks";
import { type Branch, gitBranches } from "../api/git";
import { Icon } from "../app/icons";
import { useMenu } from "../app/menu";
import { sayError } from "../app/toast";
import { root } from "../files/state";
import { t } from "../i18n";
import { busy, status, switchBranch } from "./state";

/** What is deployed. */
export const DEPLOYED = "main";

export function BranchMenu() {
  const { close, menu } = useMenu();
  const [branches, setBranches] = useState<readonly Branch[]>([]);
  const [name, setName] = useState("");
  const go = (branch: string, create: boolean) => {
    close();
    setName("");
    switchBranch(branch, create).catch(sayError);
  };
  const branch = status.value?.branch;
  return (
    <details
      {...menu}
      class="user-menu branch-menu"
      onToggle={(event) => {
        if (event.currentTarget.open) gitBranches(root.peek()).then(setBranches).catch(sayError);
      }}
    >
      <summary class="button small" data-testid="scm-branch" title={t("scm.branch")}>
        <Icon name="branch" />
        <span>{branch ?? status.value?.commit?.slice(0, 7) ?? "…"}</span>
      </summary>
      <div class="user-card">
        <p>
          <strong>{t("scm.branch")}</strong>
          <span class="faint">{t("scm.branch.hint", { branch: DEPLOYED })}</span>
        </p>
        {branches.map((each) => (
          <button
            type="button"
            key={each.name}
            aria-current={each.current ? "true" : undefined}
            disabled={each.current || busy.value !== ""}
            onClick={() => go(each.name, false)}
          >
            {each.current && "✓ "}
            {each.name}
          </button>
        ))}
        <form
          class="branch-new"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== "") go(name.trim(), true);
          }}
        >
          <input
            class="field"
            placeholder={t("scm.branch.new")}
            aria-label={t("scm.branch.new")}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button type="submit" class="button small" disabled={name.trim() === ""}>
            {t("scm.branch.create")}
          </button>
        </form>
      </div>
    </details>
  );
}
