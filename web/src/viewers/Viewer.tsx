/** Files in another way than as text: pictures, PDF, tables, Markdown, bytes. */
import { useEffect, useState } from "preact/hooks";
import { fileUrl, readFile } from "../api/files";
import { describe } from "../api/http";
import { textOf, typed } from "../editor/documents";
import { nameOf } from "../files/tree";
import { t } from "../i18n";
import { sizeWords } from "../i18n/size";
import { BytesView } from "./BytesView";
import { CsvView } from "./CsvView";
import { ImageView } from "./ImageView";
import { kindOf } from "./kinds";
import { MarkdownView } from "./MarkdownView";
import "./viewers.css";

/** Beyond it, looking at a file costs more than it tells: it is offered to be downloaded first. */
const DOWNLOAD_BYTES = 50 * 1024 * 1024;

export function Viewer({ path, size }: { path: string; size: number }) {
  const [anyway, setAnyway] = useState(size <= DOWNLOAD_BYTES);
  const kind = kindOf(path);
  if (!anyway) {
    return (
      <div class="editor-note">
        <p>{t("viewer.large", { size: sizeWords(size) })}</p>
        <Download path={path} primary />
        <button type="button" class="button" onClick={() => setAnyway(true)}>
          {t("viewer.anyway")}
        </button>
      </div>
    );
  }
  return (
    <div class="viewer" data-testid="viewer" data-kind={kind}>
      <header class="viewer-head">
        <span class="faint">{sizeWords(size)}</span>
        <span class="spacer" />
        <Download path={path} />
      </header>
      {kind === "image" && <ImageView path={path} url={fileUrl(path)} />}
      {kind === "pdf" && <PdfView path={path} />}
      {kind !== "image" && kind !== "pdf" && <BytesView path={path} size={size} />}
    </div>
  );
}

function Download({ path, primary = false }: { path: string; primary?: boolean }) {
  return (
    <a class={primary ? "button primary" : "button small"} href={fileUrl(path)} download={nameOf(path)}>
      {t("files.download")}
    </a>
  );
}

/** By the browser's own viewer, which runs nothing of the file in our page. */
function PdfView({ path }: { path: string }) {
  const [url, setUrl] = useState("");
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    let made = "";
    let gone = false;
    readFile(path)
      .then(({ bytes }) => {
        if (gone) return;
        made = URL.createObjectURL(new Blob([bytes as BlobPart], { type: "application/pdf" }));
        setUrl(made);
      })
      .catch((error: unknown) => setTrouble(describe(error)));
    return () => {
      gone = true;
      URL.revokeObjectURL(made);
    };
  }, [path]);
  if (!navigator.pdfViewerEnabled) return <p class="editor-note">{t("viewer.noPdf")}</p>;
  if (trouble !== "") return <p class="notice">{trouble}</p>;
  return url === "" ? (
    <p class="editor-note">{t("app.loading")}</p>
  ) : (
    <iframe class="viewer-frame" src={url} title={nameOf(path)} />
  );
}

const SETTLE_MS = 150;

/** The text of an open file, as it is typed. */
function useTyped(path: string): string {
  const [text, setText] = useState(() => textOf(path));
  const count = typed.value;
  useEffect(() => {
    const timer = setTimeout(() => setText(textOf(path)), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [path, count]);
  return text;
}

export function Preview({ path }: { path: string }) {
  const text = useTyped(path);
  const kind = kindOf(path);
  return (
    <div class="viewer" data-testid="viewer" data-kind={kind}>
      {kind === "markdown" && <MarkdownView path={path} text={text} />}
      {kind === "csv" && <CsvView text={text} />}
      {kind === "svg" && <SvgView path={path} text={text} />}
    </div>
  );
}

/** As a picture: scripts in it do not run, and it loads nothing. */
function SvgView({ path, text }: { path: string; text: string }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [text]);
  return url === "" ? null : <ImageView path={path} url={url} />;
}
