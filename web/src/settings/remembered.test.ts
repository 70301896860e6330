import { beforeEach, describe, expect, it } from "vitest";
import { remembered } from "./remembered";

const DEFAULTS = { open: true };
const read = (values: object) => ({ open: (values as { open?: unknown }).open !== false });

describe("what a browser remembers", () => {
  beforeEach(() => localStorage.clear());

  it("is as by default, whatever was stored that is none", () => {
    for (const odd of ["not json", "null", "1", '"x"']) {
      localStorage.setItem("maru.odd", odd);
      expect(remembered("odd", DEFAULTS, read).value.value).toEqual(DEFAULTS);
    }
  });

  it("is there again, and told where it differs", () => {
    const first = remembered("pane", DEFAULTS, read);
    first.keep();
    first.part.take({ open: false });
    expect(first.part.read()).toEqual({ open: false });
    expect(remembered("pane", DEFAULTS, read).value.value).toEqual({ open: false });
    first.part.take({});
    expect(first.part.read()).toEqual({});
  });
});
