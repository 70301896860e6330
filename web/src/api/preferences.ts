import { ask } from "./http";

export interface Preferences {
  etag: string;
  document: Record<string, unknown>;
}

/** Null where they are as `seen` says. */
export async function readPreferences(seen?: string): Promise<Preferences | null> {
  const headers: Record<string, string> = seen === undefined ? {} : { "If-None-Match": seen };
  const answer = await ask("/me/settings", { headers, cache: "no-store", accept: [304] });
  if (answer.status === 304) return null;
  return { etag: answer.headers.get("ETag") ?? "", document: await answer.json() };
}

/** The new tag; null where another browser was first. */
export async function writePreferences(
  document: Readonly<Record<string, unknown>>,
  seen: string,
  leaving: boolean,
): Promise<string | null> {
  const answer = await ask("/me/settings", {
    method: "PUT",
    json: document,
    headers: { "If-Match": seen },
    keepalive: leaving,
    accept: [412],
  });
  return answer.status === 412 ? null : (answer.headers.get("ETag") ?? "");
}
