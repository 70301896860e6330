/** What a language server tells people, among its messages. */

export interface Notice {
  type?: number;
  message?: string;
}

const KINDS: Record<number, string> = { 1: "error: ", 2: "warning: " };

/** A line for its log; null for what is meant for programs. */
export function lineOf({ method, params }: { method?: string; params?: Notice }): string | null {
  if (method !== "window/logMessage" && method !== "window/showMessage") return null;
  return typeof params?.message === "string" ? `${KINDS[params.type ?? 0] ?? ""}${params.message}` : null;
}
