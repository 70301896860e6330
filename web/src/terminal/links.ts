/** Places in files and local addresses, found in what a terminal shows. */

export type Place = { line: number; column: number };
export type Link = { start: number; length: number } & (
  | { kind: "file"; path: string; place: Place }
  | { kind: "local"; port: number; rest: string }
);

/** `web/app.py:12:3`, `./a.ts(4,2)`, `File "x.py", line 12`; a path has a dot or a slash in it. */
const PLACES: readonly RegExp[] = [
  /File "(?<path>[^"\n]+)", line (?<line>\d+)/g,
  /(?<path>(?:~|\.{1,2})?[\p{L}\p{N}_@%+\-./]*[./][\p{L}\p{N}_\-./]*):(?<line>\d+)(?::(?<column>\d+))?/gu,
  /(?<path>[\p{L}\p{N}_@%+\-./]*\.[\p{L}\p{N}]+)\((?<line>\d+)(?:,(?<column>\d+))?\)/gu,
];

/** Without a scheme, as many servers print it; those with one are the web's own. */
const LOCAL =
  /(?<![\w/.])(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::\]):(?<port>\d{2,5})(?<rest>\/[^\s'"<>)]*)?/g;

export function linksIn(text: string): Link[] {
  const found: Link[] = [];
  const free = (start: number, end: number) =>
    found.every((link) => end <= link.start || start >= link.start + link.length);
  const urls = [...text.matchAll(/\w+:\/\/\S+/g)].map((url) => ({
    start: url.index,
    end: url.index + url[0].length,
  }));
  for (const match of text.matchAll(LOCAL)) {
    const port = Number(match.groups?.port);
    if (port > 65_535) continue;
    const rest = (match.groups?.rest ?? "").replace(/[.,;:!?]+$/, "");
    found.push({ kind: "local", port, rest, start: match.index, length: match[0].length });
  }
  for (const pattern of PLACES) {
    for (const match of text.matchAll(pattern)) {
      const { path = "", line, column } = match.groups ?? {};
      // Addresses and times of day are none.
      const elsewhere = urls.some((url) => url.start <= match.index && match.index < url.end);
      if (elsewhere || /^[\d.:]+$/.test(path) || !free(match.index, match.index + match[0].length)) continue;
      const place = { line: Number(line), column: Number(column ?? 1) };
      found.push({ kind: "file", path, place, start: match.index, length: match[0].length });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The port and the rest of `http://localhost:3000/x`; null where it is elsewhere. */
export function localUrl(uri: string): { port: number; rest: string } | null {
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    return null;
  }
  const here = ["localhost", "127.0.0.1", "0.0.0.0", "[::]", "[::1]"].includes(url.hostname);
  if (!here || url.port === "") return null;
  return { port: Number(url.port), rest: url.pathname + url.search + url.hash };
}

const HOME = "/home/student";

/** A path as a program printed it, relative to the home folder; null where it lies outside. */
export function homePath(path: string, cwd: string): string | null {
  const full = path.startsWith("~/")
    ? `${HOME}/${path.slice(2)}`
    : path.startsWith("/")
      ? path
      : `${cwd}/${path}`;
  const parts: string[] = [];
  for (const part of full.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const clean = `/${parts.join("/")}`;
  return clean.startsWith(`${HOME}/`) ? clean.slice(HOME.length + 1) : null;
}
