/** A project of a template: what there is to choose, what it makes, and where it is deployed from then on. */
import { useEffect, useState } from "preact/hooks";
import { describe } from "../api/http";
import { type MadeProject, makeProject, readProjects, readTemplates, type Template } from "../api/projects";
import { type Repository, readRepositoryList } from "../api/repositories";
import { putSource } from "../api/target";
import { me } from "../app/me";
import { say, sayError } from "../app/toast";
import { WideDialog } from "../app/WideDialog";
import { app } from "../deploy/state";
import { openFile } from "../editor/state";
import { openProject, root } from "../files/state";
import { t } from "../i18n";
import { freeName, lacking } from "./name";
import { shown } from "./open";
import "./projects.css";

interface Known {
  templates: readonly Template[];
  taken: readonly string[];
  repositories: readonly Repository[];
  limit: number;
}

async function know(): Promise<Known> {
  const [templates, projects, { repositories, limit }] = await Promise.all([
    readTemplates(),
    readProjects(),
    readRepositoryList(),
  ]);
  return { templates, taken: projects.map(({ name }) => name), repositories, limit };
}

export function NewProject() {
  const [known, setKnown] = useState<Known | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    know()
      .then(setKnown)
      .catch((error: unknown) => setTrouble(describe(error)));
  }, []);
  return (
    <WideDialog name="new-project" title={t("project.title")} shown={shown}>
      {trouble !== null && (
        <p class="notice" role="alert">
          {trouble}
        </p>
      )}
      {known === null && trouble === null && <p role="status">{t("app.loading")}</p>}
      {known && <Projects names={known.taken} />}
      {known && <Form known={known} />}
    </WideDialog>
  );
}

/** Those that there are: a press opens one. */
function Projects({ names }: { names: readonly string[] }) {
  const [gone, setGone] = useState<string | null>(null);
  return (
    <section class="projects" aria-label={t("project.yours")}>
      <span class="faint">{t("project.yours")}</span>
      {names.map((name) => (
        <button
          type="button"
          key={name}
          class="button small"
          data-testid={`project-${name}`}
          aria-current={root.value === name ? "true" : undefined}
          onClick={() => {
            openProject(name)
              .then((there) => {
                if (there) shown.value = false;
                else setGone(name);
              })
              .catch(sayError);
          }}
        >
          {name}
        </button>
      ))}
      {gone !== null && (
        <p class="notice" role="alert">
          {t("project.notThere", { name: gone, login: me.value?.login ?? "" })}
        </p>
      )}
    </section>
  );
}

/** The project is there: what comes after is told where it fails, and takes nothing back. */
async function finish(made: MadeProject, deployed: boolean): Promise<void> {
  const { name } = made;
  try {
    if (deployed) app.value = await putSource({ project: name }, "");
    if (made.cloned && (await openProject(name))) await openFile(`${name}/README.md`);
  } catch (error) {
    sayError(error);
  }
  const left = made.not_made.map((each) => t("project.notMade", each)).join(" ");
  if (!made.cloned) say(`${t("project.notCloned", { name })} ${left}`.trim(), "bad");
  else if (left !== "") say(`${t("project.made", { name })} ${left}`, "bad");
  else say(t("project.made", { name }), "good");
}

function Form({ known: { templates, taken, repositories, limit } }: { known: Known }) {
  const [template, setTemplate] = useState<Template | null>(null);
  const [name, setName] = useState("");
  const [deployed, setDeployed] = useState(true);
  const [leaving, setLeaving] = useState<readonly string[]>([]);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [making, setMaking] = useState(false);

  const choose = (chosen: Template) => {
    setTemplate(chosen);
    setName(freeName(chosen.name, taken));
    setTrouble(null);
  };
  const missing = template ? lacking(template.repositories, repositories.length - leaving.length, limit) : 0;

  const make = async () => {
    if (!template) return;
    setMaking(true);
    setTrouble(null);
    try {
      const made = await makeProject(name.trim(), template.name, leaving);
      shown.value = false;
      await finish(made, deployed);
    } catch (error) {
      setTrouble(describe(error));
    } finally {
      setMaking(false);
    }
  };
  const clash = taken.includes(name.trim());

  return (
    <form
      class="new-project"
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <fieldset class="templates">
        <legend>{t("project.template")}</legend>
        {templates.map((each) => (
          <label key={each.name} class="template" data-testid={`template-${each.name}`}>
            <input
              type="radio"
              name="template"
              required
              checked={template?.name === each.name}
              onChange={() => choose(each)}
            />
            <strong>{each.title}</strong>
            <span class="faint">{each.description}</span>
          </label>
        ))}
      </fieldset>
      {template && (
        <>
          <label class="new-project-name">
            {t("project.name")}
            <input
              class="field"
              required
              value={name}
              maxLength={40}
              spellcheck={false}
              autocapitalize="none"
              autocomplete="off"
              aria-invalid={clash}
              aria-describedby={clash ? "project-clash" : undefined}
              data-testid="project-name"
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
          </label>
          {clash && (
            <p class="notice" id="project-clash" role="alert">
              {t("project.clash", { name: name.trim() })}
            </p>
          )}
          <p class="faint">{t("project.what", { name, count: template.repositories })}</p>
          <label class="choice">
            <input
              type="checkbox"
              checked={deployed}
              data-testid="project-deployed"
              onChange={({ currentTarget }) => setDeployed(currentTarget.checked)}
            />
            {t("project.deployed")}
          </label>
          {(missing > 0 || leaving.length > 0) && (
            <fieldset class="leaving" data-testid="project-room">
              <legend>{t("project.room", { limit, count: missing + leaving.length })}</legend>
              {repositories.map((each) => (
                <label key={each.name} class="choice">
                  <input
                    type="checkbox"
                    checked={leaving.includes(each.name)}
                    onChange={({ currentTarget }) =>
                      setLeaving(
                        currentTarget.checked
                          ? [...leaving, each.name]
                          : leaving.filter((other) => other !== each.name),
                      )
                    }
                  />
                  {each.name}
                </label>
              ))}
              <p class="faint">{t("project.roomText")}</p>
            </fieldset>
          )}
        </>
      )}
      {trouble !== null && (
        <p class="notice" role="alert">
          {trouble}
        </p>
      )}
      <div class="dialog-actions">
        <span role="status">{making && t("project.making")}</span>
        <button
          type="button"
          class="button"
          onClick={() => {
            shown.value = false;
          }}
        >
          {t("app.cancel")}
        </button>
        <button
          type="submit"
          class="button primary"
          data-testid="project-make"
          disabled={!template || making || missing > 0 || clash}
        >
          {t("project.make")}
        </button>
      </div>
    </form>
  );
}
