import { expect, test } from "vitest";
import { t } from "../i18n";
import { addressTrouble, sourceWords } from "./source";

test("an address is https, of a repository, without a password in it", () => {
  expect(addressTrouble(" https://git.school.example/team/shop.git ")).toBeNull();
  expect(addressTrouble("git@github.com:a/b.git")).toBe(t("source.notHttps"));
  expect(addressTrouble("http://github.com/a/b")).toBe(t("source.notHttps"));
  expect(addressTrouble("https://me:secret@github.com/a/b")).toBe(t("source.noPassword"));
  expect(addressTrouble("https://github.com")).toBe(t("source.noAddress"));
  expect(addressTrouble("https://")).toBe(t("source.noAddress"));
});

test("a source is told with its folder", () => {
  expect(sourceWords({ project: "guestbook" })).toContain("guestbook");
  const words = sourceWords({ url: "https://git.school.example/shop.git", branch: "next" }, "deploy");
  for (const part of ["https://git.school.example/shop.git", "next", "deploy"]) expect(words).toContain(part);
});
