/** Terminals through the whole way: server, link, agent, PTY, in the real workspace's image. */
import { beforeAll, describe, expect, test } from "vitest";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { newStudent } from "./instance.ts";
import { createTerminal, Viewer } from "./terminal.ts";

const student = new Client(newStudent("terminals"));
const MIB = 1024 * 1024;

beforeAll(() => student.workspaceReady(), 120_000);

/** A shell to type into, and its viewer. */
async function shell(path: string): Promise<[string, Viewer]> {
  const json = { cols: 120, rows: 30, shell: path };
  const { id } = await student.json<{ id: string }>("POST", "/api/v1/workspace/terminals", { json });
  return [id, new Viewer(student, id, 0)];
}

const close = (id: string) => student.status("DELETE", `/api/v1/workspace/terminals/${id}`);

test("a flood arrives whole, and how fast", async () => {
  let [lines, rest, bytes] = [0, "", 0];
  const wrong: string[] = [];
  const id = await createTerminal(student, "read x; seq 1 3000000");
  const viewer = new Viewer(student, id, 0);
  viewer.onOutput = (output) => {
    bytes += output.length;
    const text = rest + output.toString("latin1");
    const end = text.lastIndexOf("\r\n");
    // A piece may be as short as one character.
    rest = end < 0 ? text : text.slice(end + 2);
    if (end < 0) return;
    for (const line of text.slice(0, end).split("\r\n")) {
      if (line !== "" && Number(line) !== ++lines && wrong.length < 10) wrong.push(`${lines}: ${line}`);
    }
  };
  await eventually("attached", 10, () => viewer.first === 0);
  const start = performance.now();
  viewer.type("\r");
  await eventually("all has come", 120, () => viewer.exitCode === 0);
  const seconds = (performance.now() - start) / 1000;
  console.log(`flood through the server: ${(bytes / MIB / seconds).toFixed(1)} MiB/s (${bytes} bytes)`);
  expect({ lines, wrong, left: rest }).toEqual({ lines: 3_000_000, wrong: [], left: "" });
});

describe.each(["yes", "cat /dev/urandom"])("during %s", (flood) => {
  test("Ctrl-C shows soon, and the terminal can be used", async () => {
    const latencies: number[] = [];
    const [id, viewer] = await shell("/bin/bash");
    await viewer.expect(/133;B/);
    for (let round = 0; round < 5; round++) {
      let taken = 0;
      viewer.onOutput = (output) => {
        taken += output.length;
      };
      viewer.type(`${flood}\r`);
      await eventually("a flood", 30, () => taken > 2 * MIB);
      const pressed = performance.now();
      const shown = new Promise<number>((resolve) => {
        let tail = "";
        viewer.onOutput = (output) => {
          tail = (tail + output.toString("latin1")).slice(-4096);
          // The shell's own marks: the command has ended by the interrupt, and the prompt is drawn.
          if (tail.lastIndexOf("133;B") > tail.lastIndexOf("133;D;130") && tail.includes("133;D;130"))
            resolve(performance.now() - pressed);
        };
      });
      viewer.type("\u0003");
      latencies.push(Math.round(await shown));
    }
    const usable = new Promise<void>((resolve) => {
      let tail = "";
      viewer.onOutput = (output) => {
        tail += output.toString("latin1");
        if (tail.includes("still 42")) resolve();
      };
    });
    viewer.type("echo still $((40 + 2))\r");
    await usable;
    console.log(`Ctrl-C during ${flood}: ${latencies.join(", ")} ms`);
    viewer.close();
    await close(id);
    const median = latencies.sort((a, b) => a - b)[2] ?? 0;
    // 200 ms is the aim on a machine of its own; here the whole of a test run shares two cores.
    expect(median).toBeLessThan(1000);
  });
});

test("a stuck observer is skipped and slows nobody; its terminal's owner takes all", async () => {
  let taken = 0;
  const id = await createTerminal(
    student,
    "read x; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo done; read x",
  );
  const stuck = new Viewer(student, id, 0, { observe: true, stuck: true });
  const owner = new Viewer(student, id, 0);
  owner.onOutput = (output) => {
    taken += output.length;
  };
  await eventually("both look", 10, () => stuck.first === 0 && owner.first === 0);
  owner.type("\r");
  await eventually("all has come", 60, () => taken > 20_000_000);
  // Not a byte more than its window was put on its way.
  expect(stuck.next).toBeLessThanOrEqual(256 * 1024);
  stuck.close();
  owner.close();
  await close(id);
});

test.each(["/bin/bash", "/bin/zsh"])(
  "%s tells where it is, what it runs and how that ended",
  async (path) => {
    const [id, viewer] = await shell(path);
    const told = (what: string, right: () => boolean) => eventually(what, 20, right);
    await told("the folder", () => viewer.status.cwd === "/home/student");
    viewer.type("mkdir -p '한글 폴더' && cd 한글*; (exit 3)\r");
    await told("another folder", () => viewer.status.cwd === "/home/student/한글 폴더");
    await told("the code", () => viewer.status.last_exit_code === 3);
    viewer.type("sleep 60\r");
    await told("the command", () => viewer.status.command === "sleep 60");
    const list = await student.json<{ id: string; command: string; busy: boolean }[]>(
      "GET",
      "/api/v1/workspace/terminals",
    );
    expect(list.find((one) => one.id === id)).toMatchObject({ command: "sleep 60", busy: true });
    viewer.type("\u0003");
    await told("the end", () => viewer.status.command === null && viewer.status.last_exit_code === 130);
    // A shell within the shell tells, too.
    viewer.type(`${path} -i\r`);
    await told(
      "the inner shell",
      () => viewer.status.command === null || viewer.status.command === `${path} -i`,
    );
    viewer.type("cd /tmp; (exit 5)\r");
    await told("its code", () => viewer.status.last_exit_code === 5);
    viewer.close();
    await close(id);
  },
);
