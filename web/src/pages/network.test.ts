import { expect, test } from "vitest";
import { reportOf } from "./network";

test("the report names what does not pass, and nothing else", () => {
  document.body.innerHTML = `<main data-host="maru.example">
    <li data-check="http" data-state="good"><span data-figure>3 ms</span><span data-ask>one</span></li>
    <li data-check="stream" data-state="bad"><span data-figure>WebSocket 1006</span><span data-ask>Let WebSockets pass.</span></li>
    <li data-check="names" data-state="bad"><span data-figure></span><span data-ask>Let names resolve.</span></li></main>`;
  const lines = reportOf(document.querySelector("main") as HTMLElement, "Please:").split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "Please:",
    "- Let WebSockets pass. (WebSocket 1006)",
    "- Let names resolve.",
  ]);
  expect(lines[3]).toContain("maru.example, 20");
});
