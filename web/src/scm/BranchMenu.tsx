/** The branch that is checked out; behind it the others, and a new one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Branch, gitBranches } from "../api/git";
import { Icon } from "../app/icons";
import { sayError } from "../app/toast";
import { root } from "../files/state";
import { t } from "../i18n";
import { busy, status, switchBranch } from "./state";

/** What is deployed. */
const DEPLOYED = "main";

export function BranchMenu() {
  const details = useRef<HTMLDetailsElement>(null);
  const [branches, setBranches] = useState<readonly Branch[]>([]);
  const [name, setName] = useState("");
  const close = () => {
    if (details.current) details.current.open = false;
  };
  useEffect(() => {
    const away = (event: Event) => {
      if (!details.current?.contains(event.target as Node)) close();
    };
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, []);
  const go = (branch: string, create: boolean) => {
    close();
    setName("");
    switchBranch(branch, create).catch(sayError);
  };
  const branch = status.value?.branch;
  return (
    <details
      ref={details}
      class="user-menu branch-menu"
      onToggle={(event) => {
        if (event.currentTarget.open) gitBranches(root.peek()).then(setBranches).catch(sayError);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !details.current?.open) return;
        close();
        details.current.querySelector("summary")?.focus();
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
