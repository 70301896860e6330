import { describe, expect, it } from "vitest";
import type { Edit } from "../api/types";
import { applyEdits } from "./edits";

const edit = (line: number, column: number, end_line: number, end_column: number, text: string): Edit => ({
  file: "k8s/web.yaml",
  line,
  column,
  end_line,
  end_column,
  text,
});

describe("edits", () => {
  it("are made together, by the places before any of them", () => {
    const text = "kind: Service\nspec:\n  prots:\n    - port: 80\n";
    const edits = [edit(1, 1, 1, 1, "apiVersion: v1\n"), edit(3, 3, 3, 8, "ports")];
    expect(applyEdits(text, edits)).toBe("apiVersion: v1\nkind: Service\nspec:\n  ports:\n    - port: 80\n");
  });

  it("count characters, not their halves", () => {
    expect(applyEdits("이름: 😀a\n", [edit(1, 6, 1, 7, "b")])).toBe("이름: 😀b\n");
  });

  it("reach over lines and to the end of the text", () => {
    expect(applyEdits("a\nb\nc", [edit(1, 2, 3, 1, "")])).toBe("ac");
    expect(applyEdits("a\n", [edit(2, 1, 2, 1, "b\n")])).toBe("a\nb\n");
    expect(applyEdits("a", [edit(1, 2, 1, 2, "\nb")])).toBe("a\nb");
  });

  it("are not made at all where one has no place", () => {
    expect(applyEdits("a\n", [edit(1, 1, 1, 2, "b"), edit(9, 1, 9, 2, "c")])).toBeNull();
    expect(applyEdits("a\n", [edit(1, 4, 1, 5, "b")])).toBeNull();
    expect(applyEdits("abc", [edit(1, 1, 1, 3, "x"), edit(1, 2, 1, 4, "y")])).toBeNull();
  });
});
