/** Which language server knows a file, and what it calls the file's language; both by its name. */
export type ServerId = "python" | "typescript" | "cpp" | "go" | "rust" | "java";

const BY_END: Record<string, readonly [ServerId, string]> = {
  py: ["python", "python"],
  pyi: ["python", "python"],
  js: ["typescript", "javascript"],
  mjs: ["typescript", "javascript"],
  cjs: ["typescript", "javascript"],
  jsx: ["typescript", "javascriptreact"],
  ts: ["typescript", "typescript"],
  mts: ["typescript", "typescript"],
  cts: ["typescript", "typescript"],
  tsx: ["typescript", "typescriptreact"],
  c: ["cpp", "c"],
  h: ["cpp", "c"],
  cpp: ["cpp", "cpp"],
  cc: ["cpp", "cpp"],
  cxx: ["cpp", "cpp"],
  hpp: ["cpp", "cpp"],
  hh: ["cpp", "cpp"],
  go: ["go", "go"],
  rs: ["rust", "rust"],
  java: ["java", "java"],
};

/** Null where no server is known for it. */
export function serverOf(path: string): { server: ServerId; language: string } | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const found = BY_END[name.slice(name.lastIndexOf(".") + 1).toLowerCase()];
  return found && name.includes(".") ? { server: found[0], language: found[1] } : null;
}

/** A file's address, as servers name it, and back; paths are relative to the home folder. */
export const uriOf = (home: string, path: string): string =>
  `file://${`${home}/${path}`.split("/").map(encodeURIComponent).join("/")}`;

export function pathOf(home: string, uri: string): string | null {
  const { protocol, pathname } = new URL(uri);
  const full = decodeURIComponent(pathname);
  return protocol === "file:" && full.startsWith(`${home}/`) ? full.slice(home.length + 1) : null;
}
