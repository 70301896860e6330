/** The API, for the pages that the server renders. */

export class Refused extends Error {}

/** The answer's JSON; throws what the server says went wrong, and what to do about it. */
export async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const raw = body instanceof Blob;
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: {
      "Accept-Language": document.documentElement.lang,
      "X-Maru-CSRF": "1",
      ...(body !== undefined && !raw ? { "Content-Type": "application/json" } : {}),
    },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.ok) return text === "" ? null : JSON.parse(text);
  let said = `${response.status}`;
  try {
    const { detail, fix } = JSON.parse(text) as { detail?: string; fix?: string };
    said = [detail, fix].filter(Boolean).join(" ") || said;
  } catch {
    // Not problem+json; the status has to do.
  }
  throw new Refused(said);
}
