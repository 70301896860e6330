import { expect, test } from "vitest";
import { textOfSequence } from "./clipboard";

const encoded = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

test("a program's text is read, its questions are not", () => {
  expect(textOfSequence(`c;${encoded("안녕 clip")}`)).toBe("안녕 clip");
  expect(textOfSequence(`;${encoded("x")}`)).toBe("x");
  for (const other of ["c;?", "c;", "", "c;%%%", `q;${encoded("x")}`, `c;${btoa("\xff\xfe")}`])
    expect(textOfSequence(other), other).toBeNull();
});
