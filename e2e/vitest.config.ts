import { defineConfig } from "vitest/config";

// One machine, two cores, one Maru: the files run one after another. Those that kill or stop something come last.
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    fileParallelism: false,
    sequence: {
      sequencer: class {
        private rank = (path: string) => (/durability|\/up\.test|waiting/.test(path) ? 1 : 0);
        async shard<T>(files: T[]): Promise<T[]> {
          return files;
        }
        async sort<T extends { moduleId: string }>(files: T[]): Promise<T[]> {
          return files.toSorted(
            (a, b) => this.rank(a.moduleId) - this.rank(b.moduleId) || a.moduleId.localeCompare(b.moduleId),
          );
        }
      },
    },
    // The default of one second is a wish on a machine that is busy.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
