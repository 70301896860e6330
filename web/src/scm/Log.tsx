/** The commits before this one, with the lines between them. */
import { useEffect, useState } from "preact/hooks";
import { type Commit, gitLog } from "../api/git";
import { Icon } from "../app/icons";
import { showPane } from "../app/layout";
import { sayError } from "../app/toast";
import { root } from "../files/state";
import { lang, t } from "../i18n";
import { type GraphRow, graphOf } from "./graph";
import { showCommit } from "./panels";
import { refsOf } from "./refs";
import { status } from "./state";

const PAGE = 50;

export function Log() {
  const [open, setOpen] = useState(true);
  const [commits, setCommits] = useState<readonly Commit[]>([]);
  const [more, setMore] = useState(false);
  const { commit, ahead, behind, branch } = status.value ?? {};
  useEffect(() => {
    if (!open) return;
    let current = true;
    gitLog(root.peek(), 0, PAGE)
      .then((found) => {
        if (!current) return;
        setCommits(found);
        setMore(found.length === PAGE);
      })
      .catch(sayError);
    return () => {
      current = false;
    };
  }, [open, commit, ahead, behind, branch]);
  const rows = graphOf(commits);
  const width = Math.min(8, Math.max(1, ...rows.map((row) => row.width))) * LANE + 6;
  return (
    <section class="scm-group scm-log" data-group="log">
      <header>
        <button type="button" class="scm-group-title" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="chevron" class={open ? "tree-chevron open" : "tree-chevron"} />
          <h3>{t("scm.log")}</h3>
        </button>
      </header>
      {open && (
        <>
          <ul>
            {commits.map((each, index) => (
              <CommitRow key={each.id} commit={each} row={rows[index] as GraphRow} width={width} />
            ))}
          </ul>
          {commits.length === 0 && <p class="scm-note">{t("scm.log.none")}</p>}
          {more && (
            <button
              type="button"
              class="button small quiet"
              onClick={() => {
                gitLog(root.peek(), commits.length, PAGE)
                  .then((found) => {
                    setCommits([...commits, ...found]);
                    setMore(found.length === PAGE);
                  })
                  .catch(sayError);
              }}
            >
              {t("scm.log.more")}
            </button>
          )}
        </>
      )}
    </section>
  );
}

function CommitRow({ commit, row, width }: { commit: Commit; row: GraphRow; width: number }) {
  const time = new Date(commit.time);
  const whole = time.toLocaleString(lang.value, { dateStyle: "medium", timeStyle: "short" });
  return (
    <li>
      <button
        type="button"
        class="scm-commit-entry"
        title={`${commit.subject}\n${commit.author} · ${whole} · ${commit.id.slice(0, 8)}`}
        onClick={() => {
          showPane("editor");
          showCommit(commit);
        }}
      >
        <Graph row={row} width={width} />
        <span class="scm-subject">{commit.subject}</span>
        {refsOf(commit.refs).map(({ name, head, twin }) => (
          <span key={name} class={head ? "scm-ref head" : twin ? "scm-ref twin" : "scm-ref"} title={name}>
            {twin && <Icon name="globe" />}
            <span class={twin ? "visually-hidden" : ""}>{name}</span>
          </span>
        ))}
        <span class="scm-when">{ago(time)}</span>
      </button>
    </li>
  );
}

const LANE = 10;
/** Of a row, as in scm.css: fingers need more. */
const HEIGHT = matchMedia("(hover: none)").matches ? 40 : 26;
const COLOURS = ["--accent", "--wood", "--syn-name", "--syn-keyword", "--good", "--warn"];
const colour = (lane: number) => `var(${COLOURS[lane % COLOURS.length]})`;
const at = (lane: number) => lane * LANE + 7;

function Graph({ row, width }: { row: GraphRow; width: number }) {
  return (
    <svg class="scm-graph" width={width} height={HEIGHT} aria-hidden="true" focusable="false">
      {row.edges.map(({ from, to, half }) => (
        <path
          key={`${half}${from}-${to}`}
          stroke={colour(half === "above" ? from : to)}
          d={
            half === "above"
              ? `M${at(from)} 0C${at(from)} ${HEIGHT / 3} ${at(to)} ${HEIGHT / 6} ${at(to)} ${HEIGHT / 2}`
              : `M${at(from)} ${HEIGHT / 2}C${at(from)} ${(HEIGHT * 5) / 6} ${at(to)} ${(HEIGHT * 2) / 3} ${at(to)} ${HEIGHT}`
          }
        />
      ))}
      <circle cx={at(row.lane)} cy={HEIGHT / 2} r={3.5} fill={colour(row.lane)} />
    </svg>
  );
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

function ago(time: Date): string {
  const seconds = (Date.now() - time.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(lang.value, { numeric: "auto", style: "narrow" });
  for (const [unit, length] of STEPS) {
    if (seconds >= length) return format.format(-Math.floor(seconds / length), unit);
  }
  return format.format(0, "second");
}
