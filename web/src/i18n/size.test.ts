import { expect, it } from "vitest";
import { setLang } from ".";
import { sizeWords } from "./size";

it("says sizes as people read them", () => {
  setLang("en");
  expect([1, 1536, 5 << 20, 3.25 * 1024 ** 3].map(sizeWords)).toEqual(["1 B", "1.5 KiB", "5 MiB", "3.3 GiB"]);
});
