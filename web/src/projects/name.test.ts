import { describe, expect, it } from "vitest";
import { freeName, lacking } from "./name";

describe("a new project", () => {
  it("is proposed a name that is free", () => {
    expect(freeName("page", [])).toBe("page");
    expect(freeName("page", ["page", "page-2"])).toBe("page-3");
    expect(freeName("page", ["page-2"])).toBe("page");
  });

  it("knows how many repositories have no room", () => {
    expect(lacking(1, 3, 3)).toBe(1);
    expect(lacking(1, 2, 3)).toBe(0);
    expect(lacking(0, 5, 3)).toBe(0);
    expect(lacking(3, 1, 3)).toBe(1);
  });
});
