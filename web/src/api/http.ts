/** One way to ask the server: session cookie, CSRF header, language, and errors as problem+json. */
import { signal } from "@preact/signals";
import { lang, t } from "../i18n";
import { again } from "./again";

/** RFC 9457, with Maru's own members. */
export interface Problem {
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  fix?: string;
  [member: string]: unknown;
}

export class ApiError extends Error {
  constructor(
    /** 0 where no answer came at all. */
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
  }

  get code(): string {
    return this.problem.code ?? "";
  }
}

/** Set when the server no longer knows who we are; the shell then offers to log in, and nothing is lost. */
export const signedOut = signal(false);

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: BodyInit;
  json?: unknown;
  signal?: AbortSignal;
  keepalive?: boolean;
  cache?: RequestCache;
  /** Statuses that are an answer rather than an error, beside 2xx. */
  accept?: number[];
}

export const API = "/api/v1";

/** Resolves with an answer of 2xx (or one in `accept`); throws ApiError for all others. */
export async function ask(path: string, options: Ask = {}): Promise<Response> {
  const method = options.method ?? "GET";
  const headers = new Headers(options.headers);
  headers.set("Accept-Language", lang.peek());
  if (method !== "GET" && method !== "HEAD") headers.set("X-Maru-CSRF", "1");
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (options.json !== undefined) {
    headers.set("Content-Type", "application/json");
    init.body = JSON.stringify(options.json);
  } else if (options.body !== undefined) {
    init.body = options.body;
  }
  if (options.signal) init.signal = options.signal;
  if (options.keepalive) init.keepalive = true;
  if (options.cache) init.cache = options.cache;

  const asked = () => fetch(API + path, init);
  const onlyReads = method === "GET" || method === "HEAD";
  let response: Response;
  try {
    response = await (onlyReads ? again(asked, options.signal) : asked());
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, { code: "unreachable", detail: t("error.unreachable") });
  }
  if (response.status === 401) signedOut.value = true;
  else if (response.ok && signedOut.peek()) signedOut.value = false;
  if (response.ok || options.accept?.includes(response.status)) return response;
  throw new ApiError(response.status, await readProblem(response));
}

export async function askJson<T>(path: string, options: Ask = {}): Promise<T> {
  return (await (await ask(path, options)).json()) as T;
}

async function readProblem(response: Response): Promise<Problem> {
  try {
    const problem: unknown = await response.json();
    if (problem !== null && typeof problem === "object") return problem as Problem;
  } catch {
    // Not JSON: a proxy's own page, most likely. The status says enough.
  }
  return { status: response.status, detail: t("error.status", { status: response.status }) };
}

/** The words to show for any error. */
export function describe(error: unknown): string {
  if (error instanceof ApiError) {
    const fix = error.problem.fix;
    return fix ? `${error.message} ${fix}` : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

/** A path inside the workspace as part of a URL: slashes stay, everything else is escaped. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** A random id; `crypto.randomUUID` is missing on plain-http hosts other than localhost. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
