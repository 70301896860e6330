import { defineConfig } from "vitest/config";

// One machine, two cores, one Maru. Most of what a test does is to wait, and each file has students of its own: two files
// at a time. These have the Maru for themselves: they stop or kill a part of it, change what is true for everybody, count
// what gets through while much goes on, or send forms, which a browser gives up when another test's workspace comes or goes.
const ALONE = [
  "administration",
  "administration.pages",
  "autoscaling",
  "backup",
  "durability",
  "fuzz",
  "idle",
  "steady",
  "up",
  "waiting",
];

const files = (names: readonly string[]) => names.map((name) => `src/${name}.test.ts`);

export default defineConfig({
  test: {
    // The default of one second is a wish on a machine that is busy.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["src/**/*.test.ts"],
          exclude: files(ALONE),
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: files(ALONE),
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
