/**
 * What Kubernetes speaks over the WebSocket of an exec (`v5.channel.k8s.io`): the first byte of each message says which
 * stream it belongs to.
 */
export const SUBPROTOCOL = "v5.channel.k8s.io";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;

function framed(channel: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(bytes.length + 1);
  frame[0] = channel;
  frame.set(bytes, 1);
  return frame;
}

const encoder = new TextEncoder();

export const input = (text: string): Uint8Array<ArrayBuffer> => framed(STDIN, encoder.encode(text));

export const resize = (cols: number, rows: number): Uint8Array<ArrayBuffer> =>
  framed(RESIZE, encoder.encode(JSON.stringify({ Width: cols, Height: rows })));

export type Message = { kind: "output"; bytes: Uint8Array } | { kind: "ended"; why: string } | null;

/** Null for what says nothing. */
export function read(frame: Uint8Array): Message {
  const [channel, bytes] = [frame[0], frame.subarray(1)];
  if ((channel === STDOUT || channel === STDERR) && bytes.length > 0) return { kind: "output", bytes };
  if (channel !== ERROR || bytes.length === 0) return null;
  try {
    const status = JSON.parse(new TextDecoder().decode(bytes)) as { status?: string; message?: string };
    return { kind: "ended", why: status.status === "Success" ? "" : (status.message ?? "") };
  } catch {
    return { kind: "ended", why: "" };
  }
}
