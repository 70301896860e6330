/** A difference: hunk by hunk, each to be staged or unstaged on its own, or both sides beside each other. */
import { useEffect, useRef, useState } from "preact/hooks";
import { again } from "../api/again";
import { readFile } from "../api/files";
import { type Commit, type GitEntry, gitDiff, gitFile, gitShow } from "../api/git";
import { describe } from "../api/http";
import { Icon } from "../app/icons";
import { sayError } from "../app/toast";
import { decode } from "../editor/decode";
import { openFile } from "../editor/state";
import { projectPath, root } from "../files/state";
import { lang, t } from "../i18n";
import { showBlame } from "./panels";
import { countsOf, type FilePatch, type Hunk, hunkPatch, newFilePatch, parsePatch } from "./patch";
import { stage, stageHunk, status, unstage, unstageHunk } from "./state";
import "./diff.css";

const SIDE_KEY = "maru.diff";

export function FileDiff({ path, staged }: { path: string; staged: boolean }) {
  const [files, setFiles] = useState<readonly FilePatch[] | null>(null);
  const [trouble, setTrouble] = useState("");
  const [cut, setCut] = useState(false);
  const [beside, setBeside] = useState(localStorage.getItem(SIDE_KEY) === "beside");
  const entry = status.value?.entries.find((each) => each.path === path);
  useEffect(() => {
    let current = true;
    load(path, staged, entry)
      .then(([found, truncated]) => {
        if (!current) return;
        setFiles(found);
        setCut(truncated);
        setTrouble("");
      })
      .catch((error: unknown) => current && setTrouble(describe(error)));
    return () => {
      current = false;
    };
    // Each look at the state of the project may have found another text.
  }, [path, staged, entry]);
  const full = projectPath(path);
  return (
    <div class="diff" data-testid="diff" data-path={path}>
      <header class="diff-head">
        <strong>{path}</strong>
        <span class="faint">{t(staged ? "scm.diff.stagedHint" : "scm.diff.treeHint")}</span>
        <span class="spacer" />
        <div class="segmented">
          {[false, true].map((each) => (
            <button
              type="button"
              key={String(each)}
              aria-pressed={beside === each}
              onClick={() => {
                setBeside(each);
                localStorage.setItem(SIDE_KEY, each ? "beside" : "hunks");
              }}
            >
              {t(each ? "scm.diff.beside" : "scm.diff.hunks")}
            </button>
          ))}
        </div>
        {entry && (
          <button
            type="button"
            class="button small"
            onClick={() => (staged ? unstage([entry]) : stage([entry])).catch(sayError)}
          >
            {t(staged ? "scm.unstageFile" : "scm.stageFile")}
          </button>
        )}
        {entry?.unstaged !== "untracked" && entry?.staged !== "added" && (
          <button type="button" class="button small" onClick={() => showBlame(path)}>
            {t("blame.show")}
          </button>
        )}
        <button type="button" class="button small" onClick={() => openFile(full).catch(sayError)}>
          {t("scm.open")}
        </button>
      </header>
      {trouble !== "" && <p class="notice">{trouble}</p>}
      {cut && <p class="diff-note">{t("scm.diff.cut")}</p>}
      {beside ? (
        <Beside path={path} staged={staged} entry={entry} />
      ) : (
        <div class="diff-body">
          {files?.map((file) => (
            <Hunks key={file.path} file={file} {...(entry?.unstaged !== "untracked" && { staged })} />
          ))}
          {files?.length === 0 && <p class="diff-note">{t("scm.diff.none")}</p>}
        </div>
      )}
    </div>
  );
}

async function load(
  path: string,
  staged: boolean,
  entry: GitEntry | undefined,
): Promise<[FilePatch[], boolean]> {
  if (!staged && entry?.unstaged === "untracked") {
    const content = decode((await readFile(projectPath(path))).bytes);
    if (content.kind !== "text") return [[{ path, from: null, head: "", hunks: [], binary: true }], false];
    return [[newFilePatch(path, content.text)], false];
  }
  const { text, truncated } = await gitDiff(root.peek(), path, staged);
  return [parsePatch(text), truncated];
}

export function CommitDiff({ commit }: { commit: Commit }) {
  const [shown, setShown] = useState<{ message: string; files: FilePatch[]; cut: boolean } | null>(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    gitShow(root.peek(), commit.id)
      .then(({ text, truncated }) => {
        const start = text.search(/^diff --/m);
        const message = (start < 0 ? text : text.slice(0, start)).split("\n---\n")[0] ?? "";
        setShown({ message: message.trim(), files: parsePatch(text), cut: truncated });
      })
      .catch((error: unknown) => setTrouble(describe(error)));
  }, [commit]);
  const when = new Date(commit.time).toLocaleString(lang.value, { dateStyle: "long", timeStyle: "short" });
  return (
    <div class="diff" data-testid="commit">
      <header class="diff-head">
        <strong>{commit.subject}</strong>
        <span class="faint">
          {commit.author} · {when} · <code>{commit.id.slice(0, 10)}</code>
        </span>
      </header>
      {trouble !== "" && <p class="notice">{trouble}</p>}
      <div class="diff-body">
        {shown && shown.message !== commit.subject && <pre class="diff-message">{shown.message}</pre>}
        {shown?.cut && <p class="diff-note">{t("scm.diff.cut")}</p>}
        {shown?.files.map((file) => (
          <Hunks key={file.path} file={file} named />
        ))}
        {shown?.files.length === 0 && <p class="diff-note">{t("scm.diff.none")}</p>}
      </div>
    </div>
  );
}

/** Lines of one hunk that are drawn; more are told. */
const MOST_LINES = 2000;

function Hunks({ file, staged, named = false }: { file: FilePatch; staged?: boolean; named?: boolean }) {
  const counts = countsOf(file);
  return (
    <section class="diff-file">
      {named && (
        <h3>
          <button
            type="button"
            class="diff-file-name"
            onClick={() => openFile(projectPath(file.path)).catch(sayError)}
          >
            {file.from ? `${file.from} → ${file.path}` : file.path}
          </button>
          <span class="diff-added">+{counts.added}</span>
          <span class="diff-removed">−{counts.removed}</span>
        </h3>
      )}
      {file.binary && <p class="diff-note">{t("scm.diff.binary")}</p>}
      {file.hunks.map((hunk) => (
        <HunkView key={hunk.head + hunk.text.length} file={file} hunk={hunk} staged={staged} />
      ))}
    </section>
  );
}

const SIGNS = { same: " ", added: "+", removed: "−", note: "" };

function HunkView({ file, hunk, staged }: { file: FilePatch; hunk: Hunk; staged: boolean | undefined }) {
  const shown = hunk.lines.slice(0, MOST_LINES);
  return (
    <div class="hunk" data-testid="hunk">
      <div class="hunk-head">
        <code>{hunk.head.replace(/ @@.*$/, " @@")}</code>
        <span class="hunk-around">{hunk.around}</span>
        {staged !== undefined && (
          <button
            type="button"
            class="button small"
            onClick={() => (staged ? unstageHunk : stageHunk)(hunkPatch(file, hunk)).catch(sayError)}
          >
            <Icon name={staged ? "minus" : "plus"} />
            {t(staged ? "scm.unstageHunk" : "scm.stageHunk")}
          </button>
        )}
      </div>
      <table class="hunk-lines">
        <caption class="visually-hidden">{t("scm.diff.lines")}</caption>
        <tbody>
          {shown.map((line, index) => (
            <tr key={index} class={line.kind}>
              <td class="hunk-number">{line.old ?? ""}</td>
              <td class="hunk-number">{line.now ?? ""}</td>
              <td class="hunk-sign">{SIGNS[line.kind]}</td>
              <td class="hunk-text">{line.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {hunk.lines.length > MOST_LINES && (
        <p class="diff-note">{t("scm.diff.more", { count: hunk.lines.length - MOST_LINES })}</p>
      )}
    </div>
  );
}

interface BesideProps {
  path: string;
  staged: boolean;
  entry: GitEntry | undefined;
}

/** Both texts whole, by CodeMirror's own comparison. */
function Beside({ path, staged, entry }: BesideProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    let end: (() => void) | undefined;
    let current = true;
    sides(path, staged, entry)
      .then(async ([before, now]) => {
        const { compare } = await again(() => import("./compare"));
        if (current && frame.current) end = await compare(frame.current, path, before, now);
      })
      .catch((error: unknown) => current && setTrouble(describe(error)));
    return () => {
      current = false;
      end?.();
    };
  }, [path, staged, entry]);
  return (
    <>
      {trouble !== "" && <p class="notice">{trouble}</p>}
      <div class="diff-sides" aria-hidden="true">
        <span>{t(staged ? "scm.side.head" : "scm.side.index")}</span>
        <span>{t(staged ? "scm.side.index" : "scm.side.tree")}</span>
      </div>
      <div ref={frame} class="diff-beside" data-testid="diff-beside" />
    </>
  );
}

async function sides(path: string, staged: boolean, entry: GitEntry | undefined): Promise<[string, string]> {
  const old = staged
    ? await gitFile(root.peek(), entry?.from ?? path, "HEAD")
    : await gitFile(root.peek(), path, "index");
  if (staged) return [old?.text ?? "", (await gitFile(root.peek(), path, "index"))?.text ?? ""];
  if (entry?.unstaged === "deleted") return [old?.text ?? "", ""];
  const content = decode((await readFile(projectPath(path))).bytes);
  if (content.kind !== "text") throw new Error(t("scm.diff.binary"));
  return [old?.text ?? "", content.text];
}
