/** Search in the workspace's files, line by line as they are found. */
import { ask } from "./http";
import { readNdjson } from "./ndjson";

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

/** What a search did not look into. */
export interface Unsearched {
  /** How many texts are larger than `limit` bytes. */
  too_large: number;
  limit: number;
}

/** Resolves at the end of the answer, with what was left out; what is found comes in as many pieces as it arrives in. */
export async function searchFiles(
  query: SearchQuery,
  onFound: (found: Found[]) => void,
  signal: AbortSignal,
): Promise<Unsearched | null> {
  const asked = new URLSearchParams({
    q: query.q,
    regex: query.regex ? "1" : "0",
    case: query.matchCase ? "1" : "0",
    glob: query.glob,
  });
  const response = await ask(`/workspace/search?${asked}`, { signal });
  let unsearched: Unsearched | null = null;
  await readNdjson<Found | Unsearched>(response, (lines) => {
    const found: Found[] = [];
    for (const line of lines) {
      if ("too_large" in line) unsearched = line;
      else found.push(line);
    }
    if (found.length > 0) onFound(found);
  });
  return unsearched;
}
