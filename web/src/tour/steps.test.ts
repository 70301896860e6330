import { expect, test } from "vitest";
import { doneNow, readProgress, type Seen } from "./steps";

const NOTHING: Seen = { changed: 0, ahead: 0, ran: false, deployed: {} };

test("each step is done by what shows it, and not by what was there before", () => {
  expect(doneNow(NOTHING, 5)).toEqual([]);
  expect(doneNow({ ...NOTHING, changed: 1 }, 5)).toEqual(["edit"]);
  expect(doneNow({ ...NOTHING, ran: true, ahead: 1 }, 5)).toEqual(["edit", "run", "commit"]);
  const deployed = { commit: 4, build: 6, rollout: 7 };
  expect(doneNow({ ...NOTHING, deployed }, 5)).toEqual(["build", "rollout"]);
});

test("what was stored is taken as far as it makes sense", () => {
  expect(readProgress(null, 9)).toEqual({ since: 9, done: [], hidden: false });
  expect(readProgress("{", 9).since).toBe(9);
  expect(readProgress('{"since":3,"done":["run","x"],"hidden":true}', 9)).toEqual({
    since: 3,
    done: ["run"],
    hidden: true,
  });
});
