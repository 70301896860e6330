import { describe, expect, it } from "vitest";
import { input, read, resize } from "./channel";

const message = (channel: number, text: string) =>
  new Uint8Array([channel, ...new TextEncoder().encode(text)]);

describe("the channels of an exec", () => {
  it("carry what is typed and the size", () => {
    expect([...input("한")]).toEqual([0, 0xed, 0x95, 0x9c]);
    expect(new TextDecoder().decode(resize(80, 24).subarray(1))).toBe('{"Width":80,"Height":24}');
    expect(resize(80, 24)[0]).toBe(4);
  });

  it("bring output of both kinds, and the end", () => {
    expect(read(message(1, "a"))).toEqual({ kind: "output", bytes: new TextEncoder().encode("a") });
    expect(read(message(2, "b"))).toMatchObject({ kind: "output" });
    expect(read(message(1, ""))).toBeNull();
    expect(read(message(3, '{"status":"Success"}'))).toEqual({ kind: "ended", why: "" });
    const failed = '{"status":"Failure","message":"no such container"}';
    expect(read(message(3, failed))).toEqual({ kind: "ended", why: "no such container" });
    expect(read(message(3, "?"))).toEqual({ kind: "ended", why: "" });
    expect(read(new Uint8Array())).toBeNull();
  });
});
