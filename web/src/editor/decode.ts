/** Is it text we can edit without changing a byte we did not mean to? */

export const LARGE_BYTES = 2 * 1024 * 1024;
export const TOO_LARGE_BYTES = 50 * 1024 * 1024;

export type Content =
  | { kind: "text"; text: string; readOnly: boolean }
  | { kind: "binary" }
  | { kind: "large" };

const SNIFFED_BYTES = 8192;

export function decode(bytes: Uint8Array): Content {
  if (bytes.length > TOO_LARGE_BYTES) return { kind: "large" };
  if (bytes.subarray(0, SNIFFED_BYTES).includes(0)) return { kind: "binary" };
  try {
    // A byte order mark stays part of the text, so that saving gives it back.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { kind: "text", text, readOnly: bytes.length > LARGE_BYTES };
  } catch {
    return { kind: "binary" };
  }
}
