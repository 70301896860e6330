import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { held, suspect } from "./held";

/** So many milliseconds before each of its pieces. */
const paced = (pauses: readonly number[]) =>
  new Response(
    new ReadableStream({
      async start(controller) {
        for (const ms of pauses) {
          await new Promise((resolve) => setTimeout(resolve, ms));
          controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
        }
        controller.close();
      },
    }),
  );

const asked: string[] = [];
let events: () => Promise<Response>;
let method: () => Promise<Response>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  asked.length = 0;
  method = async () => new Response("{}");
  vi.stubGlobal("fetch", (url: string, { signal }: RequestInit) => {
    asked.push(url.split("/").at(-1) ?? "");
    const answer = url.endsWith("/events") ? events() : method();
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      answer.then(resolve, reject);
    });
  });
});
afterEach(() => {
  window.dispatchEvent(new Event("online"));
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function told(): Promise<boolean> {
  const looking = suspect();
  await vi.advanceTimersByTimeAsync(60_000);
  await looking;
  return held.value;
}

test("events that come one after another are not held back, and that is looked at once", async () => {
  events = async () => paced([0, 300, 300, 300, 300]);
  expect(await told()).toBe(false);
  expect(await told()).toBe(false);
  expect(asked).toEqual(["events"]);
});

test("events that come all at once, or never, are held back; another network is another try", async () => {
  events = async () => paced([1200, 0, 0, 0, 0]);
  expect(await told()).toBe(true);
  window.dispatchEvent(new Event("online"));
  expect(held.value).toBe(false);
  events = () => new Promise(() => undefined);
  expect(await told()).toBe(true);
  expect(asked.filter((what) => what === "events")).toHaveLength(4);
});

test("a browser that was busy once has not seen a proxy", async () => {
  const answers = [
    [1200, 0, 0, 0, 0],
    [0, 300, 300, 300, 300],
  ];
  events = async () => paced(answers.shift() ?? []);
  expect(await told()).toBe(false);
  expect(answers).toHaveLength(0);
});

test("where nobody answers nothing is known", async () => {
  events = () => Promise.reject(new TypeError("no network"));
  method = events;
  expect(await told()).toBe(false);
  method = async () => new Response("{}");
  events = async () => paced([1200, 0]);
  expect(await told()).toBe(true);
});
