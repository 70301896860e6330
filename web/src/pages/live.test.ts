import { expect, test } from "vitest";
import { linesOf, showTimes } from "./live";

test("pieces of a log are put together where they were torn", () => {
  const line = (pod: string, said: string) => JSON.stringify({ pod, container: "c", line: said });
  const first = linesOf(`${line("web-1", "가")}\n${line("db-0", "b").slice(0, 10)}`);
  expect(first.lines).toEqual(["web-1  가"]);
  expect(linesOf(`${first.rest}${line("db-0", "b").slice(10)}\n`)).toEqual({ lines: ["db-0  b"], rest: "" });
});

test("times are written as the reader does, and what is none is left", () => {
  document.body.innerHTML =
    '<time data-time datetime="2026-01-02T03:04:05Z">x</time><time data-time datetime="">kept</time>';
  showTimes(document);
  const [time, none] = document.querySelectorAll("time");
  expect(time?.textContent).toMatch(/2026|26/);
  expect(none?.textContent).toBe("kept");
});
