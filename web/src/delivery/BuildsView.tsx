/** The image repositories: versions that there are, builds that they came of, and a new build. */
import { useEffect, useState } from "preact/hooks";
import { type Build, deleteRepository, type Made, type Repository, type Version } from "../api/repositories";
import { copyText } from "../app/clipboard";
import { confirm } from "../app/confirm";
import { IconButton } from "../app/IconButton";
import { say, sayError } from "../app/toast";
import { now } from "../deploy/clock";
import { LogText } from "../deploy/LogText";
import { t } from "../i18n";
import { sizeWords } from "../i18n/size";
import { when } from "../workspace/WorkspaceMenu";
import {
  build,
  buildSeconds,
  cancel,
  goesOn,
  limit,
  lookAtBuilds,
  made,
  openLog,
  shortDigest,
  trouble,
  watchBuilds,
} from "./builds";
import { RepositoryForm } from "./RepositoryForm";
import { isElsewhere } from "./source";
import "./delivery.css";

/** Of each list, until all are asked for. */
const FIRST = 5;

export function BuildsView() {
  useEffect(watchBuilds, []);
  const [adding, setAdding] = useState(false);
  const all = made.value;
  const full = all !== null && all.length >= limit.value;
  return (
    <section class="delivery" aria-label={t("builds.title")} data-testid="builds">
      <header class="delivery-head">
        <h2>{t("builds.title")}</h2>
        {all !== null && (
          <span class="faint" data-testid="repository-count">
            {t("builds.count", { count: all.length, limit: limit.value })}
          </span>
        )}
        <span class="spacer" />
        <button
          type="button"
          class="button small"
          data-testid="repository-add"
          disabled={all === null || full}
          aria-describedby={full ? "repositories-full" : undefined}
          onClick={() => setAdding(true)}
        >
          {t("builds.add")}
        </button>
      </header>
      <p class="delivery-note">{t("builds.note")}</p>
      {trouble.value !== "" && (
        <p class="notice" role="alert">
          {trouble.value}
        </p>
      )}
      {full && (
        <p class="delivery-note" id="repositories-full">
          {t("builds.full", { limit: limit.value })}
        </p>
      )}
      {adding && <RepositoryForm of={null} close={() => setAdding(false)} />}
      {all === null && trouble.value === "" && <p role="status">{t("app.loading")}</p>}
      {all?.length === 0 && <p class="dialog-none">{t("builds.none", { limit: limit.value })}</p>}
      {all?.map((each) => (
        <RepositoryCard key={each.repository.id} of={each} />
      ))}
    </section>
  );
}

/** What goes with it is said before: its versions, from which the application could not be started again. */
async function remove({ name }: Repository, versions: number): Promise<void> {
  const sure = await confirm(
    t("builds.removeTitle", { name }),
    t("builds.removeText", { count: versions }),
    t("builds.remove"),
  );
  if (!sure) return;
  await deleteRepository(name);
  say(t("builds.removed", { name }), "good");
  await lookAtBuilds();
}

function RepositoryCard({ of: { repository, versions, builds } }: { of: Made }) {
  const { name, source, context } = repository;
  const [changing, setChanging] = useState(false);
  const project = isElsewhere(source) ? source.url : source.project;
  return (
    <article
      class="repository"
      aria-labelledby={`repository-${name}`}
      data-testid="repository"
      data-name={name}
    >
      <header class="delivery-head">
        <h3 id={`repository-${name}`}>{name}</h3>
        <span class="faint">
          {context === "" ? t("builds.fromTop", { project }) : t("builds.from", { project, folder: context })}
        </span>
        <span class="spacer" />
        <button
          type="button"
          class="button small"
          data-testid="build-start"
          aria-label={t("builds.buildOf", { name })}
          onClick={() => build(name).catch(sayError)}
        >
          {t("builds.build")}
        </button>
        <IconButton
          icon="gear"
          label={t("builds.changeOf", { name })}
          aria-expanded={changing}
          data-testid="repository-change"
          onClick={() => setChanging(!changing)}
        />
        <IconButton
          icon="trash"
          label={t("builds.removeOf", { name })}
          data-testid="repository-remove"
          onClick={() => remove(repository, versions.length).catch(sayError)}
        />
      </header>
      {changing && <RepositoryForm of={repository} close={() => setChanging(false)} />}
      <div class="repository-lists">
        <div>
          <h4>{t("builds.versions")}</h4>
          <Rows of={versions} none={t("builds.noVersions")}>
            {(version) => <VersionRow key={version.number} of={version} />}
          </Rows>
        </div>
        <div>
          <h4>{t("builds.builds")}</h4>
          <Rows of={builds} none={t("builds.noBuilds")}>
            {(each) => <BuildRow key={each.id} of={each} name={name} />}
          </Rows>
        </div>
      </div>
    </article>
  );
}

interface RowsProps<T> {
  of: readonly T[];
  none: string;
  children: (one: T) => preact.JSX.Element;
}

/** The newest of them; the others are one press away. */
function Rows<T>({ of, none, children }: RowsProps<T>) {
  const [all, setAll] = useState(false);
  if (of.length === 0) return <p class="delivery-note">{none}</p>;
  return (
    <>
      <ul class="made">{(all ? of : of.slice(0, FIRST)).map(children)}</ul>
      {!all && of.length > FIRST && (
        <button type="button" class="button small quiet" onClick={() => setAll(true)}>
          {t("builds.all", { count: of.length })}
        </button>
      )}
    </>
  );
}

const Time = ({ at }: { at: string }) => <time dateTime={at}>{when(at)}</time>;

function VersionRow({ of: { number, image, digest, size, commit, created_at } }: { of: Version }) {
  return (
    <li data-testid="version" data-number={number}>
      <div>
        <strong>{t("builds.version", { number })}</strong>{" "}
        <span class="faint">
          <span title={digest}>{t("builds.digest", { digest: shortDigest(digest) })}</span> ·{" "}
          {sizeWords(size)} · {t("builds.commit", { commit: commit.slice(0, 7) })} · <Time at={created_at} />
        </span>
      </div>
      <IconButton
        icon="copy"
        label={t("builds.copyImage", { image })}
        onClick={() => {
          copyText(image)
            .then(() => say(t("builds.copied", { image }), "good"))
            .catch(sayError);
        }}
      />
    </li>
  );
}

const TONES = { queued: "busy", running: "busy", succeeded: "good", failed: "bad", cancelled: "" } as const;

function BuildRow({ of, name }: { of: Build; name: string }) {
  const { id, number, state, commit, reason, created_at } = of;
  const on = goesOn(of);
  const seconds = buildSeconds(of, on ? now.value : 0);
  const shown = openLog.value === id;
  return (
    <li data-testid="build" data-number={number} data-state={state}>
      <div>
        <strong>{t("builds.number", { number })}</strong>{" "}
        <span class={`pill ${TONES[state]}`}>
          {t(state === "queued" ? "deploy.state.pending" : `deploy.state.${state}`)}
        </span>{" "}
        <span class="faint">
          {seconds !== null && `${t("builds.took", { seconds })} · `}
          {t("builds.commit", { commit: commit.slice(0, 7) })} · <Time at={created_at} />
        </span>
        {reason && <p class="made-reason">{reason}</p>}
      </div>
      <div class="made-buttons">
        {on && (
          <button
            type="button"
            class="button small"
            data-testid="build-cancel"
            aria-label={t("builds.cancelOf", { number, name })}
            onClick={() => cancel(of).catch(sayError)}
          >
            {t("builds.cancel")}
          </button>
        )}
        <button
          type="button"
          class="button small"
          data-testid="build-log"
          aria-expanded={shown}
          aria-label={t("builds.logOf", { number, name })}
          onClick={() => {
            openLog.value = shown ? null : id;
          }}
        >
          {t("builds.log")}
        </button>
      </div>
      {shown && (
        <div class="log made-log">
          <LogText id={id} name={`${name} #${number}`} />
        </div>
      )}
    </li>
  );
}
