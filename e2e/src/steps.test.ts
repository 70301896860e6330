/** The steps of ./up: side by side, told as they end, and a failure where it is waited for. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import { root } from "./instance.ts";

const folder = mkdtempSync(`${tmpdir()}/maru-steps-`);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function steps(script: string): { code: number | null; said: string[]; error: string } {
  const setup = `
    set -euo pipefail
    ROOT='${root}' DATA='${folder}' UP_JSON='${folder}/up.json' PORT=1 XDG_CACHE_HOME='${folder}'
    . "$ROOT/scripts/lib.sh"
    mkdir -p "$CACHE" "$LOGS"
    . "$ROOT/scripts/steps.sh"
    trap abort_steps EXIT`;
  const env = { ...process.env, LANG: "C.UTF-8", LC_ALL: "C.UTF-8" };
  const ended = spawnSync("bash", ["-c", `${setup}\n${script}`], { encoding: "utf8", env });
  return { code: ended.status, said: ended.stdout.trim().split("\n"), error: ended.stderr };
}

test("a step is told as it ends, also while another is waited for", () => {
  const { code, said } = steps(`
    EXPECTED[long]=9 EXPECTED[short]=9
    long() { until [ -e '${folder}/told' ]; do sleep 0.1; done; }
    short() { :; }
    step_begin short Short 짧은 short
    step_begin long Long 긴 long
    say() { echo "$1"; case "$1" in "✓ Short"*) touch '${folder}/told' ;; esac; }
    step_wait long
    step_wait short
    echo after`);
  expect(code).toBe(0);
  expect(said.map((line) => line.replace(/ \(.*/, ""))).toEqual([
    "… Short",
    "… Long",
    "✓ Short",
    "✓ Long",
    "after",
  ]);
});

test("a failure is told where the step is waited for, with its last words", () => {
  const { code, said, error } = steps(`
    EXPECTED[bad]=9 EXPECTED[good]=9
    bad() { echo "no room left"; false; }
    good() { until grep -q room '${folder}'/*/bad.log; do sleep 0.1; done; }
    step_begin bad Bad 나쁜 bad
    step_begin good Good 좋은 good
    step_wait good
    echo between
    step_wait bad
    echo never`);
  expect(code).toBe(1);
  expect(said.at(-1)).toBe("between");
  expect(error).toMatch(/Bad failed[\s\S]*no room left[\s\S]*bad\.log/);
  expect(readFileSync(`${folder}/up/bad.log`, "utf8")).toContain("no room left");
});

test("a step that counts says what is left at its own pace, where that is longer than what was measured elsewhere", () => {
  const { code, said } = steps(`
    STEP_START[slow]=$SECONDS
    left() { echo "node: compiled 10 of 40 packages in $1 s" >"$LOGS/slow.log"; EXPECTED[slow]=$2; step_time slow; echo; }
    left 20 30
    left 20 90
    left 0 30
    echo "making the image" >"$LOGS/slow.log"
    step_time slow`);
  expect(code).toBe(0);
  // A second may have begun since.
  expect(said.map((line) => /about (.*) left/.exec(line)?.[1]).join(", ")).toMatch(
    /^1 min 0 s, 1 min (30|29) s, (30|29) s, (30|29) s$/,
  );
});
