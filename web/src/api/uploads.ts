/** Files from this computer to the workspace: in parts, so that a broken connection costs a part and not the file. */
import { ApiError, ask, askJson } from "./http";

/** Bytes of a part: a second or two on a slow line, so that progress is seen. */
const PART = 4 * 1024 * 1024;
const TRIES = 5;

interface Upload {
  id: string;
  offset: number;
}

export interface Sending {
  signal: AbortSignal;
  /** Bytes on the workspace's disk so far. */
  onProgress(sent: number): void;
  /** Replaces what is there; else a taken name is an error, with status 412. */
  overwrite?: boolean;
  /** It is an archive, and `path` the folder for what is in it; a taken name there is an error, with status 409. */
  unpack?: boolean;
  /** Between tries, in milliseconds; for tests. */
  pause?: number;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends `file` to `path`; names from macOS become those that a keyboard types. */
export async function sendFile(path: string, file: Blob, sending: Sending): Promise<void> {
  const { signal, onProgress } = sending;
  const target = path.normalize("NFC");
  const { id } = await askJson<Upload>("/workspace/uploads", {
    method: "POST",
    json: { path: target, size: file.size },
    signal,
  });
  try {
    await sendParts(id, file, sending);
    onProgress(file.size);
    const { overwrite = false, unpack = false } = sending;
    const headers: Record<string, string> = overwrite || unpack ? {} : { "If-None-Match": "*" };
    const json = { unpack, overwrite };
    await ask(`/workspace/uploads/${id}/finish`, { method: "POST", headers, json, signal });
  } catch (error) {
    // Nobody will go on with it. What stays is removed by the workspace after a week.
    await ask(`/workspace/uploads/${id}`, { method: "DELETE" }).catch(() => undefined);
    throw error;
  }
}

async function sendParts(
  id: string,
  file: Blob,
  { signal, onProgress, pause = 1000 }: Sending,
): Promise<void> {
  let offset = 0;
  let failures = 0;
  while (offset < file.size) {
    try {
      const response = await ask(`/workspace/uploads/${id}`, {
        method: "PATCH",
        headers: { "Upload-Offset": String(offset), "Content-Type": "application/octet-stream" },
        body: file.slice(offset, offset + PART),
        signal,
        accept: [409],
      });
      // 409: some of it had arrived, and the header says how much.
      offset = Number(response.headers.get("Upload-Offset") ?? offset);
      if (response.ok) failures = 0;
      else if (++failures >= TRIES) throw new ApiError(409, { detail: "Upload-Offset" });
    } catch (error) {
      const passing = error instanceof ApiError && (error.status === 0 || error.status >= 502);
      if (signal.aborted || !passing || error.status === 507 || ++failures >= TRIES) throw error;
      await wait(pause * failures);
      offset = (await askJson<Upload>(`/workspace/uploads/${id}`, { signal }).catch(() => ({ offset })))
        .offset;
    }
    onProgress(offset);
  }
}
