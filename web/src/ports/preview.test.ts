import { expect, test } from "vitest";
import { addressOf } from "./PreviewPanel";

test("an address stays on the port's own host", () => {
  const base = "http://8000--mina.preview.localhost:8080/";
  expect(addressOf(base, "/a?b=1#c")).toBe(`${base}a?b=1#c`);
  expect(addressOf(base, "")).toBe(base);
  expect(addressOf(base, "a/b")).toBe(`${base}a/b`);
  for (const other of ["https://evil.example/", "//evil.example", "javascript:alert(1)", "http://"])
    expect(addressOf(base, other), other).toBeNull();
});
