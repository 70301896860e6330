/** Which files are shown in another way than as text, by their name. */
export type Kind = "image" | "pdf" | "csv" | "markdown" | "svg" | "bytes";

const BY_END: Record<string, Kind> = {
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  avif: "image",
  ico: "image",
  bmp: "image",
  pdf: "pdf",
  csv: "csv",
  tsv: "csv",
  md: "markdown",
  markdown: "markdown",
  svg: "svg",
};

export const kindOf = (path: string): Kind =>
  BY_END[path.slice(path.lastIndexOf(".") + 1).toLowerCase()] ?? "bytes";

/** Looked at and never edited, even where its bytes could be text. */
export const isSeen = (path: string): boolean => ["image", "pdf"].includes(kindOf(path));

/** What a file that is edited as text can be shown as beside it; null where there is nothing. */
export function viewerOf(path: string): Kind | null {
  const kind = kindOf(path);
  return kind === "csv" || kind === "markdown" || kind === "svg" ? kind : null;
}
