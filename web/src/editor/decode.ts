/** Is it text we can edit without changing a byte we did not mean to? */

export const LARGE_BYTES = 2 * 1024 * 1024;

/** Korean Windows writes CP949, which browsers read as EUC-KR; that is shown, and can be made UTF-8. */
export type Encoding = "UTF-8" | "CP949";

export type Content =
  | { kind: "text"; text: string; encoding: Encoding }
  | { kind: "binary" }
  | { kind: "large" };

const SNIFFED_BYTES = 8192;

/** Without a NUL at its start, it is read as text. */
export const looksBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, SNIFFED_BYTES).includes(0);

/** `size` is the whole file's, where `bytes` is only its beginning. */
export function decode(bytes: Uint8Array, size = bytes.length): Content {
  if (size > LARGE_BYTES) return { kind: "large" };
  if (looksBinary(bytes)) return { kind: "binary" };
  // A byte order mark stays part of the text, so that saving gives it back.
  const utf8 = read("utf-8", bytes);
  if (utf8 !== null) return { kind: "text", text: utf8, encoding: "UTF-8" };
  const korean = read("euc-kr", bytes);
  // Pictures and archives without a NUL are rare, but have control characters.
  if (korean !== null && !hasControls(korean)) return { kind: "text", text: korean, encoding: "CP949" };
  return { kind: "binary" };
}

function read(encoding: string, bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 32 && !(code >= 8 && code <= 13) && code !== 27) return true;
  }
  return false;
}
