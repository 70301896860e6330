/** Runs the benches that were named, or all, and tells what came out: a table, and JSON beside it. */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { maru, root } from "../../e2e/src/instance.ts";
import { crowd } from "./crowd.ts";
import { deployBench } from "./deploy.ts";
import { echo } from "./echo.ts";
import { floodBench } from "./flood.ts";
import { forty } from "./forty.ts";
import { ide } from "./ide.ts";
import { type Measure, met, ratio } from "./measure.ts";
import { memory } from "./memory.ts";
import { pod } from "./pod.ts";
import { proxy } from "./proxy.ts";
import { searchBench } from "./search.ts";
import { startBench } from "./start.ts";
import { removeStudent } from "./student.ts";

const benches = [
  startBench,
  echo,
  floodBench,
  searchBench,
  deployBench,
  pod,
  proxy,
  memory,
  ide,
  crowd,
  forty,
];

/** Three digits that matter. */
const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function bound(aim: NonNullable<Measure["aim"]>, unit: string): string {
  if ("times" in aim) return `>= ${aim.times}x`;
  return "ratio" in aim ? `<= ${aim.ratio}x` : `<= ${aim.value} ${unit}`;
}

function row(measure: Measure): string[] {
  const { what, unit, maru: value, peer, aim } = measure;
  const times = ratio(measure);
  const good = met(measure);
  return [
    what,
    `${number(value)} ${unit}`,
    peer ? `${number(peer.value)} ${unit} ${peer.name}` : "",
    times === undefined ? "" : `${times < 0.1 ? number(times) : times.toFixed(2)}x`,
    aim ? bound(aim, unit) : "",
    good === undefined ? "" : good ? "met" : "missed",
  ];
}

function table(measures: Measure[]): string {
  const rows = [["what", "Maru", "peer", "ratio", "aim", ""], ...measures.map(row)];
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const answers = (): Promise<boolean> =>
  fetch(`${maru.url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

async function main(names: string[]): Promise<number> {
  const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0 || names.includes("--help")) {
    console.error(benches.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join("\n"));
    return 2;
  }
  if (!(await answers())) {
    console.error(`bench: ${maru.url} does not answer: start it with ./up --detach`);
    return 2;
  }
  const load = loadavg()[0];
  const measures: (Measure & { bench: string })[] = [];
  const failures: { bench: string; error: string }[] = [];
  // What a run that was interrupted left.
  await removeStudent();
  try {
    for (const bench of benches.filter(({ name }) => names.length === 0 || names.includes(name))) {
      console.error(`${bench.name}: ${bench.about}`);
      try {
        const found = await bench.run((text) => console.error(`  ${text}`));
        measures.push(...found.map((measure) => ({ bench: bench.name, ...measure })));
      } catch (error) {
        console.error(error);
        failures.push({ bench: bench.name, error: String(error) });
      }
    }
  } finally {
    await removeStudent().catch((error) => console.error("bench: not all of it could be removed:", error));
  }
  const commit = execFileSync("git", ["-C", root, "rev-parse", "--short", "HEAD"], {
    encoding: "utf8",
  }).trim();
  const machine = {
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    kernel: release(),
    load: [load, loadavg()[0]],
  };
  const result = { time: new Date().toISOString(), commit, machine, url: maru.url, measures, failures };
  const folder = `${root}target/bench`;
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${result.time.replaceAll(":", "")}.json`;
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n${table(measures)}\n\n${machine.cpus} CPUs, load ${load?.toFixed(1)}; details: ${file}`);
  return failures.length > 0 ? 1 : 0;
}

process.exit(await main(process.argv.slice(2)));
