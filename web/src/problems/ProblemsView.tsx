/** Everything that is wrong, by file; a press leads to the place, another makes the fix where it is beyond doubt. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Icon } from "../app/icons";
import { pane } from "../app/layout";
import { sayError } from "../app/toast";
import { Words } from "../app/Words";
import { mend } from "../deploy/mend";
import { openPlace } from "../deploy/place";
import { SecretButton } from "../deploy/SecretButton";
import { shortPath } from "../files/state";
import { t } from "../i18n";
import { checkAll } from "./check";
import { byFile, countOf, type Problem } from "./list";
import { checked, problems } from "./state";
import "./problems.css";

/** More than these nobody reads; mending the first ones takes many of the others along. */
const MOST = 500;

const checking = signal(false);

async function check(): Promise<void> {
  if (checking.peek()) return;
  checking.value = true;
  try {
    await checkAll();
  } finally {
    checking.value = false;
  }
}

export function ProblemsView() {
  useEffect(() => {
    if (checked.peek() === null) check().catch(sayError);
  }, []);
  const all = problems.value;
  const shown = all.slice(0, MOST);
  return (
    <>
      <div class="panel-tools">
        <span role="status" data-testid="problems-summary">
          {checking.value ? t("problems.checking") : t("problems.summary", countOf(all))}
        </span>
        <span class="spacer" />
        <button
          type="button"
          class="button small quiet"
          disabled={checking.value}
          data-testid="problems-check"
          onClick={() => check().catch(sayError)}
        >
          <Icon name="refresh" />
          {t("problems.check")}
        </button>
      </div>
      <div class="panel-scroll" data-testid="problems">
        {all.length === 0 && <p class="faint">{t("problems.hint")}</p>}
        {byFile(shown).map(([path, list]) => (
          <section key={path} class="problem-file" aria-label={shortPath(path) || t("problems.project")}>
            <h3>
              {shortPath(path) || t("problems.project")} <span class="panel-count">{list.length}</span>
            </h3>
            <ul>
              {list.map((problem) => (
                <Row
                  key={`${problem.line}:${problem.column} ${problem.source} ${problem.message}`}
                  problem={problem}
                />
              ))}
            </ul>
          </section>
        ))}
        {all.length > MOST && <p class="faint">{t("problems.more", { count: all.length - MOST })}</p>}
      </div>
    </>
  );
}

const ICONS = { error: "cross", warning: "warning", info: "info" } as const;

function Row({ problem }: { problem: Problem }) {
  const { path, line, column, severity, message, source, diagnostic } = problem;
  const words = (
    <>
      <Icon name={ICONS[severity]} />
      <span class="visually-hidden">{t(`problems.severity.${severity}`)}: </span>
      <span class="problem-words">
        <Words of={message} />
        {diagnostic?.fix && (
          <span class="problem-fix">
            {" "}
            <Words of={diagnostic.fix} />
          </span>
        )}
      </span>
      {source && <span class="faint">{source}</span>}
    </>
  );
  return (
    <li class={`problem ${severity}`} data-source={source}>
      {path ? (
        <button
          type="button"
          class="problem-place"
          onClick={() => {
            pane.value = "editor";
            openPlace(path, { line, column });
          }}
        >
          {words}
          <span class="faint">{t("editor.position", { line, column })}</span>
        </button>
      ) : (
        <span class="problem-place">{words}</span>
      )}
      {diagnostic && (diagnostic.edits?.length ?? 0) > 0 && (
        <button
          type="button"
          class="button small"
          onClick={() => {
            mend(diagnostic)
              .then(() => check())
              .catch(sayError);
          }}
        >
          {t("deploy.mend")}
        </button>
      )}
      {diagnostic && <SecretButton of={diagnostic} />}
    </li>
  );
}
