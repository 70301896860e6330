/** Windows into files: as text that begins and ends with whole lines where it can, or as rows of bytes. */
import { looksBinary } from "../editor/decode";

/** Bytes of one window. */
export const TEXT_WINDOW = 128 * 1024;
export const HEX_WINDOW = 4096;
const ROW = 16;

export interface HexRow {
  at: string;
  hex: string;
  text: string;
}

export function hexRows(bytes: Uint8Array, from: number): HexRow[] {
  const rows: HexRow[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)];
    const pairs = row.map((byte) => byte.toString(16).padStart(2, "0"));
    rows.push({
      at: (from + at).toString(16).padStart(8, "0"),
      hex: `${pairs.slice(0, 8).join(" ")}  ${pairs.slice(8).join(" ")}`.padEnd(ROW * 3),
      text: row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join(""),
    });
  }
  return rows;
}

/** The window's text, without what is half of a character at its ends. */
export function windowText(bytes: Uint8Array): string {
  let start = 0;
  while (start < Math.min(4, bytes.length) && ((bytes[start] as number) & 0xc0) === 0x80) start++;
  // A character that goes on in the next window is shown there.
  return new TextDecoder("utf-8", { ignoreBOM: false }).decode(bytes.subarray(start), { stream: true });
}

export { looksBinary };
