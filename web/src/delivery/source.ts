/** Where an application comes from, in words, and what is wrong with an address before the server is asked. */
import type { AppSource } from "../api/types";
import { t } from "../i18n";

/** The project of a new student. */
export const STARTER = "guestbook";

export const isElsewhere = (
  source: AppSource | null | undefined,
): source is { url: string; branch: string } => source != null && "url" in source;

export function sourceWords(source: AppSource | null | undefined, path = ""): string {
  const folder = path || "k8s/";
  if (source == null) return t("source.none");
  return isElsewhere(source)
    ? t("source.atBranch", { url: source.url, branch: source.branch, folder })
    : t("source.ofProject", { project: source.project, folder });
}

/** Null where the server may be asked; it knows best. */
export function addressTrouble(given: string): string | null {
  const address = given.trim();
  if (!/^https:\/\//i.test(address)) return t("source.notHttps");
  const url = URL.parse(address);
  if (url === null) return t("source.noAddress");
  if (url.username !== "" || url.password !== "") return t("source.noPassword");
  return url.pathname.length > 1 ? null : t("source.noAddress");
}
