/** Source control at the side: the branch, a message, what is staged, what is not, and the commits before. */

import { useEffect, useState } from "preact/hooks";
import type { Change, GitEntry } from "../api/git";
import { IconButton } from "../app/IconButton";
import { Icon, type IconName } from "../app/icons";
import { showPane } from "../app/layout";
import { sayError } from "../app/toast";
import { Words } from "../app/Words";
import { openFile } from "../editor/state";
import { projectPath } from "../files/state";
import { nameOf, parentOf } from "../files/tree";
import { type Key, t } from "../i18n";
import { BranchMenu, DEPLOYED } from "./BranchMenu";
import { Elapsed } from "./Elapsed";
import { Log } from "./Log";
import { letterOf, wordsOf } from "./letters";
import { showDiff, showMerge } from "./panels";
import {
  abortMerge,
  amending,
  busy,
  changes,
  commit,
  conflicts,
  discard,
  message,
  noProject,
  pull,
  push,
  refreshStatus,
  stage,
  staged,
  status,
  unstage,
} from "./state";
import "./scm.css";

const POLL_MS = 5000;

export function ScmView() {
  useEffect(() => {
    void refreshStatus();
    // Commits made in the terminal of a workspace whose watches ran out are seen so.
    const timer = setInterval(() => document.visibilityState === "visible" && void refreshStatus(), POLL_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <section class="scm" aria-label={t("scm.title")} data-testid="scm">
      <header class="pane-head">
        <h2>{t("scm.title")}</h2>
        <HeadButton icon="refresh" label="files.refresh" run={refreshStatus} />
      </header>
      {noProject.value ? (
        <p class="scm-note">
          <Words of={t("scm.noProject")} />
        </p>
      ) : status.value ? (
        <Project />
      ) : (
        <p class="scm-note">{t("app.loading")}</p>
      )}
    </section>
  );
}

function Project() {
  const now = status.value;
  const nothing = now?.entries.length === 0;
  return (
    <>
      <Remote />
      <CommitBox />
      <div class="scm-lists">
        {now?.branch && now.branch !== DEPLOYED && (
          <p class="scm-note" data-testid="scm-elsewhere">
            {t("scm.branch.elsewhere", { branch: now.branch, deployed: DEPLOYED })}
          </p>
        )}
        {now?.merging && (
          <div class="scm-note warn" data-testid="scm-merging">
            <p>{t(conflicts.value.length > 0 ? "scm.merging" : "scm.mergeSettled")}</p>
            <button type="button" class="button small" onClick={() => abortMerge().catch(sayError)}>
              {t("scm.mergeAbort")}
            </button>
          </div>
        )}
        <Group title="scm.conflicts" entries={conflicts.value} of="conflict" />
        <Group title="scm.staged" entries={staged.value} of="staged" />
        <Group title="scm.changes" entries={changes.value} of="unstaged" />
        {nothing && <p class="scm-note">{t("scm.clean")}</p>}
        {now?.truncated && <p class="scm-note">{t("scm.truncated")}</p>}
        <Log />
      </div>
    </>
  );
}

function HeadButton({
  icon,
  label,
  run,
  disabled = false,
  children,
}: {
  icon: IconName;
  label: Key;
  run: () => Promise<unknown>;
  disabled?: boolean;
  children?: string;
}) {
  return (
    <IconButton icon={icon} label={t(label)} disabled={disabled} onClick={() => run().catch(sayError)}>
      {children}
    </IconButton>
  );
}

function Remote() {
  const { ahead = 0, behind = 0 } = status.value ?? {};
  const working = busy.value;
  return (
    <div class="scm-remote">
      <BranchMenu />
      <button
        type="button"
        class="button small"
        disabled={working !== ""}
        data-testid="scm-pull"
        onClick={() => pull().catch(sayError)}
      >
        <Icon name="pull" />
        {working === "pull" ? t("scm.pulling") : t("scm.pull")}
        {working === "pull" && <Elapsed />}
        {behind > 0 && <span class="scm-count">{behind}</span>}
      </button>
      <button
        type="button"
        class="button small"
        disabled={working !== ""}
        data-testid="scm-push"
        onClick={() => push().catch(sayError)}
      >
        <Icon name="push" />
        {working === "push" ? t("scm.pushing") : t("scm.push")}
        {working === "push" && <Elapsed />}
        {ahead > 0 && <span class="scm-count">{ahead}</span>}
      </button>
    </div>
  );
}

function CommitBox() {
  const all = staged.value.length === 0 && changes.value.length > 0 && !amending.value;
  const possible =
    busy.value === "" &&
    conflicts.value.length === 0 &&
    (staged.value.length > 0 || changes.value.length > 0 || amending.value || status.value?.merging);
  const go = () => commit().catch(sayError);
  return (
    <div class="scm-commit">
      <textarea
        class="field"
        rows={2}
        placeholder={t("scm.message")}
        aria-label={t("scm.messageLabel")}
        data-testid="scm-message"
        value={message.value}
        onInput={(event) => {
          message.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
          event.preventDefault();
          if (possible) go();
        }}
      />
      <div class="scm-commit-row">
        <label class="scm-amend">
          <input
            type="checkbox"
            checked={amending.value}
            disabled={!status.value?.commit}
            onChange={(event) => {
              amending.value = event.currentTarget.checked;
            }}
          />
          {t("scm.amend")}
        </label>
        <button
          type="button"
          class="button small primary"
          data-testid="scm-commit"
          disabled={!possible || message.value.trim() === ""}
          onClick={go}
        >
          <Icon name="check" />
          {busy.value === "commit" ? t("scm.committing") : all ? t("scm.commitAll") : t("scm.commit")}
        </button>
      </div>
    </div>
  );
}

type Of = "conflict" | "staged" | "unstaged";

function Group({ title, entries, of }: { title: Key; entries: readonly GitEntry[]; of: Of }) {
  const [open, setOpen] = useState(true);
  if (entries.length === 0) return null;
  return (
    <section class="scm-group" data-group={of}>
      <header>
        <button type="button" class="scm-group-title" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="chevron" class={open ? "tree-chevron open" : "tree-chevron"} />
          <h3>{t(title)}</h3>
          <span class="hit-count">{entries.length}</span>
        </button>
        {of === "staged" && <HeadButton icon="minus" label="scm.unstageAll" run={() => unstage(entries)} />}
        {of === "unstaged" && <HeadButton icon="plus" label="scm.stageAll" run={() => stage(entries)} />}
      </header>
      {open && (
        <ul>
          {entries.map((entry) => (
            <EntryRow key={entry.path} entry={entry} of={of} />
          ))}
        </ul>
      )}
    </section>
  );
}

function EntryRow({ entry, of }: { entry: GitEntry; of: Of }) {
  const name = nameOf(entry.path);
  const change: Change | "conflict" =
    of === "conflict" ? "conflict" : ((of === "staged" ? entry.staged : entry.unstaged) ?? "modified");
  const path = projectPath(entry.path);
  const open = () => {
    showPane("editor");
    if (of === "conflict") showMerge(entry.path);
    else showDiff(entry, of === "staged");
  };
  const words = entry.from ? `${entry.from} → ${entry.path}` : entry.path;
  return (
    <li class={`scm-entry ${change}`} data-path={entry.path}>
      <button type="button" class="scm-entry-name" title={`${words} — ${t(wordsOf(change))}`} onClick={open}>
        <span class="scm-file">{name}</span>
        <span class="hit-folder">{parentOf(entry.path)}</span>
      </button>
      <span class="scm-tools">
        {change !== "deleted" && (
          <Tool icon="file" label="scm.openFile" name={name} run={() => openFile(path)} />
        )}
        {of === "unstaged" && <Tool icon="undo" label="scm.discard" name={name} run={() => discard(entry)} />}
        {of === "staged" && (
          <Tool icon="minus" label="scm.unstage" name={name} run={() => unstage([entry])} />
        )}
        {of === "unstaged" && <Tool icon="plus" label="scm.stage" name={name} run={() => stage([entry])} />}
      </span>
      <span class="scm-letter" aria-hidden="true">
        {letterOf(change)}
      </span>
    </li>
  );
}

interface ToolProps {
  icon: IconName;
  label: Key;
  name: string;
  run: () => Promise<unknown>;
}

function Tool({ icon, label, name, run }: ToolProps) {
  return <IconButton icon={icon} label={t(label, { name })} onClick={() => run().catch(sayError)} />;
}
