import { expect, test } from "vitest";
import { zoneAt } from "./dragging";

test("the sides of a group split it, its middle takes the tab", () => {
  const box = { left: 100, top: 50, width: 400, height: 200 } as DOMRect;
  expect(zoneAt(box, 300, 150)).toBe("middle");
  expect(zoneAt(box, 120, 150)).toBe("left");
  expect(zoneAt(box, 490, 150)).toBe("right");
  expect(zoneAt(box, 300, 60)).toBe("up");
  expect(zoneAt(box, 300, 240)).toBe("down");
});
