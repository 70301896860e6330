import { describe, expect, it } from "vitest";
import { SseParser } from "./sse";

const read = (...pieces: string[]) => {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe("SseParser", () => {
  it("reads events, whatever the pieces they come in", () => {
    const text = 'id: 7\nevent: state\ndata: {"a":1}\n\ndata: two\ndata: lines\n\n';
    const whole = [
      { event: "state", data: '{"a":1}', id: "7" },
      { event: "message", data: "two\nlines", id: "7" },
    ];
    expect(read(text)).toEqual(whole);
    expect(read(...text)).toEqual(whole);
  });

  it("takes CRLF, leaves comments and heartbeats out", () => {
    expect(read(": ping\r\n\r\ndata:x\r\n\r\n:\n\n")).toEqual([{ event: "message", data: "x", id: "" }]);
  });

  it("keeps an unfinished event until its blank line", () => {
    const parser = new SseParser();
    expect(parser.push("data: half")).toEqual([]);
    expect(parser.push("\n")).toEqual([]);
    expect(parser.push("\n")).toHaveLength(1);
  });
});
