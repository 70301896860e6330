import { expect, test } from "vitest";
import { labelNumbers } from "./labels";

test("a bare number is told with its column, all else stands for itself", () => {
  document.body.innerHTML = `<table class="plain-rows"><thead><tr><th>Class</th><th>Running</th><th>CPU</th><th>Memory</th><th>State</th><th></th></tr></thead>
    <tbody><tr><th>demo</th><td>1 / 3</td><td> 0.01 </td><td>23 MiB</td><td>2 students</td><td>7</td></tr></tbody></table>`;
  labelNumbers(document);
  const labels = [...document.querySelectorAll("td")].map((cell) => cell.dataset.label);
  expect(labels).toEqual(["Running", "CPU", "Memory", undefined, undefined]);
});
