import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Socket } from "../api/socket";
import { type Status, type StreamState, TerminalStream } from "./stream";

class FakeSocket implements Socket {
  binaryType: BinaryType = "blob";
  readyState = 1;
  onopen = null;
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  onclose: ((event: CloseEvent) => unknown) | null = null;
  readonly texts: Record<string, unknown>[] = [];
  readonly input: string[] = [];

  constructor(readonly since: number | null) {}

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (typeof data === "string") this.texts.push(JSON.parse(data));
    else this.input.push(new TextDecoder().decode(data));
  }

  close(): void {
    this.readyState = 3;
  }

  control(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }

  output(text: string): void {
    this.onmessage?.({ data: new TextEncoder().encode(text).buffer } as MessageEvent);
  }

  break(): void {
    this.readyState = 3;
    this.onclose?.({} as CloseEvent);
  }
}

/** A viewer whose screen is a string; in a replay, `[` stands for the reset that it begins with. */
function viewer(options: { exists?: () => Promise<boolean>; slow?: boolean } = {}) {
  const sockets: FakeSocket[] = [];
  const held: (() => void)[] = [];
  const states: StreamState[] = [];
  const statuses: Status[] = [];
  const view = {
    screen: "",
    sizes: [] as string[],
    statuses,
    sockets,
    held,
    states,
    get socket(): FakeSocket {
      return sockets.at(-1) as FakeSocket;
    },
    stream: new TerminalStream({
      connect: (since) => {
        sockets.push(new FakeSocket(since));
        return sockets.at(-1) as FakeSocket;
      },
      write: (bytes, shown) => {
        view.screen += new TextDecoder().decode(bytes);
        if (options.slow) held.push(shown);
        else shown();
      },
      onState: (state) => states.push(state),
      onSize: ({ cols, rows }) => view.sizes.push(`${cols}x${rows}`),
      onStatus: (status) => statuses.push(status),
      exists: options.exists ?? (async () => true),
    }),
  };
  view.stream.start();
  return view;
}

const keys = (text: string) => new TextEncoder().encode(text);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("TerminalStream", () => {
  it("draws a replay without counting it, then counts what follows", async () => {
    const view = viewer();
    expect(view.socket.since).toBeNull();
    view.socket.control({ type: "replay", bytes: 7, cols: 80, rows: 24 });
    view.socket.output("[old");
    view.socket.output("$$$");
    view.socket.control({ type: "attached", seq: 1000, cols: 80, rows: 24 });
    view.socket.output("new");
    expect(view.screen).toBe("[old$$$new");
    view.socket.break();
    await vi.advanceTimersByTimeAsync(250);
    expect(view.socket.since).toBe(1003);
  });

  it("goes on at the byte where the connection broke: none lost, none twice", async () => {
    const view = viewer();
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    view.socket.output("abc");
    view.socket.break();
    await vi.advanceTimersByTimeAsync(250);
    expect(view.socket.since).toBe(3);
    // A server may start a little earlier; what was shown is left out.
    view.socket.control({ type: "attached", seq: 1, cols: 80, rows: 24 });
    view.socket.output("b");
    view.socket.output("cde");
    expect(view.screen).toBe("abcde");
    view.socket.break();
    await vi.advanceTimersByTimeAsync(250);
    expect(view.socket.since).toBe(5);
  });

  it("forgets its number when the server can't go on from it", async () => {
    const view = viewer();
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    view.socket.output("abc");
    view.socket.break();
    await vi.advanceTimersByTimeAsync(250);
    view.socket.control({ type: "replay", bytes: 3 });
    view.socket.output("[re");
    view.socket.break();
    await vi.advanceTimersByTimeAsync(450);
    // The replay was cut short, so nothing is known: from the start again.
    expect(view.socket.since).toBeNull();
    view.socket.control({ type: "replay", bytes: 3 });
    view.socket.output("[re");
    view.socket.control({ type: "attached", seq: 9, cols: 80, rows: 24 });
    view.socket.output("x");
    expect(view.screen).toBe("abc[re[rex");
  });

  it("acknowledges what has been shown, in large steps at once and small ones soon", async () => {
    const view = viewer({ slow: true });
    view.socket.control({ type: "attached", seq: 10, cols: 80, rows: 24 });
    view.socket.output("hello");
    await vi.advanceTimersByTimeAsync(500);
    const acks = () => view.socket.texts.filter(({ type }) => type === "ack").map(({ seq }) => seq);
    expect(acks().filter((seq) => (seq as number) > 10)).toEqual([]);
    view.held.shift()?.();
    await vi.advanceTimersByTimeAsync(500);
    expect(acks().at(-1)).toBe(15);
    view.socket.output("x".repeat(40_000));
    view.held.shift()?.();
    expect(acks().at(-1)).toBe(40_015);
  });

  it("does not acknowledge bytes drawn before a replay", async () => {
    const view = viewer({ slow: true });
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    view.socket.output("abc");
    view.socket.control({ type: "replay", bytes: 1 });
    view.socket.output("r");
    view.socket.control({ type: "attached", seq: 500, cols: 80, rows: 24 });
    for (const shown of view.held) shown();
    await vi.advanceTimersByTimeAsync(500);
    for (const { seq } of view.socket.texts.filter(({ type }) => type === "ack")) expect(seq).toBe(500);
  });

  it("keeps keys typed while away, and the size, for when it is back", async () => {
    const view = viewer();
    view.stream.resize({ cols: 90, rows: 30 });
    view.stream.send(keys("ls"));
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    expect(view.socket.texts[0]).toEqual({ type: "resize", cols: 90, rows: 30 });
    view.socket.break();
    view.stream.send(keys("\r"));
    view.stream.send(keys("x".repeat(5000)));
    await vi.advanceTimersByTimeAsync(250);
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    expect(view.sockets.map(({ input }) => input)).toEqual([["ls"], ["\r"]]);
  });

  it("waits longer after each failure, and not at all when nudged", async () => {
    const view = viewer();
    for (const [index, wait] of [200, 400, 800].entries()) {
      view.socket.break();
      await vi.advanceTimersByTimeAsync(wait - 20);
      expect(view.sockets).toHaveLength(index + 1);
      await vi.advanceTimersByTimeAsync(30);
      expect(view.sockets).toHaveLength(index + 2);
    }
    view.socket.break();
    await vi.advanceTimersByTimeAsync(1);
    view.stream.nudge();
    expect(view.sockets).toHaveLength(5);
    view.stream.nudge();
    expect(view.sockets).toHaveLength(5);
  });

  it("ends with the program, and knows a terminal that is gone", async () => {
    const ended = viewer();
    ended.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    ended.socket.control({ type: "exit", code: 3 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ended.states.at(-1)).toEqual({ name: "ended", code: 3 });
    expect(ended.sockets).toHaveLength(1);

    const gone = viewer({ exists: async () => false });
    gone.socket.break();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(gone.states.at(-1)).toEqual({ name: "gone" });
    expect(gone.sockets).toHaveLength(1);
  });

  it("stays quiet once closed", async () => {
    const view = viewer();
    view.stream.close();
    view.socket.break();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(view.sockets).toHaveLength(1);
  });

  it("takes the size that the server says, its own or another viewer's", () => {
    const view = viewer();
    view.stream.resize({ cols: 120, rows: 30 });
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    expect(view.socket.texts[0]).toEqual({ type: "resize", cols: 120, rows: 30 });
    view.socket.control({ type: "size", cols: 120, rows: 30 });
    view.socket.control({ type: "size", cols: 60, rows: 10 });
    expect(view.sizes).toEqual(["80x24", "120x30", "60x10"]);
  });

  it("tells what goes on, and minds no frame that it does not know", () => {
    const view = viewer();
    const status = { command: "make", cwd: "/tmp", last_exit_code: 2, title: null };
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    view.socket.control({ type: "status", ...status });
    view.socket.control({ type: "of a later version" });
    view.socket.output("x");
    expect(view.statuses).toMatchObject([status]);
    expect(view.screen).toBe("x");
  });

  it("lets go while nobody looks, and goes on at the same byte", async () => {
    const view = viewer();
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    view.socket.output("abc");
    view.stream.rest();
    expect(view.socket.readyState).toBe(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(view.sockets).toHaveLength(1);
    view.stream.nudge();
    expect(view.sockets).toHaveLength(2);
    expect(view.socket.since).toBe(3);
    view.socket.control({ type: "attached", seq: 3, cols: 80, rows: 24 });
    view.socket.output("def");
    expect(view.screen).toBe("abcdef");
    view.socket.control({ type: "exit", code: 0 });
    view.stream.rest();
    expect(view.states.at(-1)).toEqual({ name: "ended", code: 0 });
  });

  it("sends a large paste in pieces that the server takes", () => {
    const view = viewer();
    view.socket.control({ type: "attached", seq: 0, cols: 80, rows: 24 });
    view.stream.send(keys("x".repeat(150_000)));
    expect(view.socket.input.map((piece) => piece.length)).toEqual([65_536, 65_536, 18_928]);
  });
});
