/** Search in the workspace's files, line by line as they are found. */
import { ask } from "./http";

export interface Found {
  path: string;
  /** From 1, as the column is; in characters. */
  line: number;
  column: number;
  /** Its first 400 characters. */
  text: string;
}

export interface SearchQuery {
  q: string;
  regex: boolean;
  matchCase: boolean;
  glob: string;
}

/** Resolves at the end of the answer; what is found comes in as many pieces as it arrives in. */
export async function searchFiles(
  query: SearchQuery,
  onFound: (found: Found[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const asked = new URLSearchParams({
    q: query.q,
    regex: query.regex ? "1" : "0",
    case: query.matchCase ? "1" : "0",
    glob: query.glob,
  });
  const response = await ask(`/workspace/search?${asked}`, { signal });
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    const found = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Found);
    if (found.length > 0) onFound(found);
    if (done) return;
  }
}
