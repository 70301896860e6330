/** Snapshots of a home: by the API of a real workspace, before a reset and at a Deploy, and in the browser by keys. */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { launch, openIde } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent } from "./instance.ts";

interface Snapshot {
  id: string;
  reason: string;
  name: string | null;
  files: number;
  bytes: number;
  added_bytes: number;
  changes: { added: number; changed: number; removed: number };
}
interface List {
  snapshots: Snapshot[];
  bytes: number;
  bytes_limit: number;
}

const PATH = "/api/v1/workspace/snapshots";
const FILES = "/api/v1/workspace/files";
const account = newStudent("snap");
const student = new Client(account);

const write = (path: string, body: string) => student.status("PUT", `${FILES}/${path}`, { body });
const read = async (path: string) => {
  const response = await student.ask("GET", `${FILES}/${path}`);
  const text = await response.text();
  return response.ok ? text : null;
};
const list = () => student.json<List>("GET", PATH);
const take = (json: unknown = {}) => student.json<Snapshot>("POST", PATH, { json });
const restore = (id: string, json: unknown = {}) =>
  student.json<{ files: number; failed: unknown[] }>("POST", `${PATH}/${id}/restore`, { json });
const newest = async (reason: string) =>
  (await list()).snapshots.find((snapshot) => snapshot.reason === reason);

/** Well compressed it would cost nothing, and tell nothing. */
const noise = Array.from({ length: 40_000 }, () => Math.random().toString(36).slice(2)).join("\n");

test("before the first start there is nothing to take, and the list is empty", async () => {
  expect(await list()).toMatchObject({ snapshots: [], busy: null, trouble: null, bytes: 0 });
  const refused = await student.ask("POST", PATH, { json: {}, headers: { "Accept-Language": "ko" } });
  expect(refused.status).toBe(409);
  expect(refused.headers.get("Content-Type")).toBe("application/problem+json");
  expect(await refused.json()).toMatchObject({
    code: "no_home",
    detail: expect.stringContaining("작업 공간"),
  });
});

test("taken, looked into, and restored file by file and whole", async () => {
  await student.workspaceReady();
  expect(await write("lab/한글 1.txt", "first\n")).toBe(201);
  expect(await write("lab/two.txt", "two\n")).toBe(201);
  expect(await write("lab/noise", noise)).toBe(201);
  const first = await take({ name: "before the exam" });
  expect(first).toMatchObject({ reason: "manual", name: "before the exam" });
  expect(first.added_bytes).toBeGreaterThan(100_000);

  const again = await take();
  expect(again.added_bytes).toBe(0);
  expect(again.changes).toEqual({ added: 0, changed: 0, removed: 0 });
  expect((await list()).snapshots.map(({ id }) => id)).toEqual([again.id, first.id]);

  expect(await student.status("DELETE", `${FILES}/lab/two.txt?forever=1`)).toBe(204);
  await student.ask("PUT", `${FILES}/lab/${encodeURIComponent("한글 1.txt")}`, { body: "second\n" });
  await write("lab/new.txt", "new\n");

  const { entries } = await student.json<{ entries: { name: string; path: string; kind: string }[] }>(
    "GET",
    `${PATH}/${first.id}/tree/lab`,
  );
  expect(entries.map(({ name }) => name).sort()).toEqual(["noise", "two.txt", "한글 1.txt"]);
  const file = await student.ask("GET", `${PATH}/${first.id}/files/lab/${encodeURIComponent("한글 1.txt")}`);
  expect(file.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(await file.text()).toBe("first\n");
  const missing = await student.ask("GET", `${PATH}/${first.id}/files/lab/new.txt`);
  expect([missing.status, (await missing.json()).code]).toEqual([404, "not_in_snapshot"]);
  expect(await student.status("POST", `${PATH}/${first.id}/restore`, { json: { paths: [] } })).toBe(400);

  expect(await restore(first.id, { paths: ["lab/two.txt"] })).toMatchObject({ files: 1, failed: [] });
  expect(await read("lab/two.txt")).toBe("two\n");
  expect(await read("lab/한글 1.txt")).toBe("second\n");
  expect(await read("lab/new.txt")).toBe("new\n");

  expect((await restore(first.id)).failed).toEqual([]);
  expect(await read("lab/한글 1.txt")).toBe("first\n");
  expect(await read("lab/new.txt")).toBeNull();
  // What the restore replaced is in the snapshot that it took first.
  const before = await newest("restore");
  const replaced = await student.ask("GET", `${PATH}/${before?.id}/files/lab/new.txt`);
  expect(await replaced.text()).toBe("new\n");
});

test("somebody else has no words for it", async () => {
  const other = new Client(newStudent("snapother"));
  const [mine] = (await list()).snapshots;
  expect((await other.json<List>("GET", PATH)).snapshots).toEqual([]);
  for (const path of ["", "/tree/", "/tree/lab", "/files/lab/two.txt"]) {
    expect(await other.status("GET", `${PATH}/${mine?.id}${path}`), path).toBe(404);
  }
  expect(await other.status("POST", `${PATH}/${mine?.id}/restore`, { json: {} })).toBe(404);
  expect(await student.status("GET", `${PATH}/..%2F..%2Fetc`)).toBe(404);
  const nobody = await fetch(new URL(PATH, (await student.ask("GET", PATH)).url));
  expect(nobody.status).toBe(401);
});

test("a reset takes one first, and its files come back out of it into the new home", async () => {
  const { started_at } = await student.json<{ started_at: string }>("GET", "/api/v1/workspace");
  await student.json("POST", "/api/v1/workspace/reset", { json: {} });
  await eventually("the new home is ready", 120, async () => {
    const now = await student.json<{ state: string; started_at: string }>("GET", "/api/v1/workspace");
    return now.state === "ready" && now.started_at !== started_at;
  });
  expect(await read("lab/two.txt")).toBeNull();
  const saved = await newest("reset");
  expect(await (await student.ask("GET", `${PATH}/${saved?.id}/files/lab/two.txt`)).text()).toBe("two\n");
  await restore(saved?.id ?? "", { paths: ["lab"] });
  expect(await read("lab/two.txt")).toBe("two\n");
  expect(await read("lab/noise")).toBe(noise);
});

test("a Deploy takes one meanwhile", async () => {
  const { id } = await student.json<{ id: string }>("POST", "/api/v1/deployments", {
    json: { message: "x" },
  });
  await eventually("there is a snapshot of the Deploy", 60, () => newest("deploy"));
  await student.ask("POST", `/api/v1/deployments/${id}/cancel`);
});

test("in the browser, by keys: taken, looked into, and a file restored after a question", async () => {
  await write("lab/two.txt", "before\n");
  const browser = await launch();
  try {
    const page = await openIde(browser, account);
    await page.keyboard.press("Control+Shift+P");
    await page.keyboard.type("take a snapshot");
    await page.getByTestId("palette").locator('[data-id="snapshots.take"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
    const dialog = page.getByTestId("snapshots");
    await dialog.getByTestId("snapshot-said").getByText("The snapshot is taken.").waitFor();
    await write("lab/two.txt", "after\n");

    const rows = dialog.getByTestId("snapshot");
    expect(await rows.first().textContent()).toMatch(/taken by you.*changed/);
    await rows.first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await dialog.locator('[data-path="lab"] [data-row]').press("Enter");
    await dialog.locator('[data-path="lab/two.txt"] [data-row]').press("Enter");
    await dialog.locator("pre").getByText("before").waitFor();
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "Restore two.txt" }).press("Enter");
    const question = page.getByRole("dialog", { name: "Restore two.txt" });
    await question.getByText("A snapshot of the present is taken first").waitFor();
    await question.getByRole("button", { name: "Restore", exact: true }).press("Enter");
    await dialog.getByTestId("snapshot-said").getByText("Restored (files: 1").waitFor();
    expect(await read("lab/two.txt")).toBe("before\n");

    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByTestId("workspace-menu").click();
    await page
      .locator(".workspace-menu")
      .getByRole("button", { name: /^Snapshots/ })
      .click();
    await rows.first().getByText("before a restore").waitFor();
  } finally {
    await browser.close();
  }
});

test("one that cannot be taken is told in the status bar until one can", async () => {
  const { id } = await take();
  const vaults = `${maru.data}/snapshots`;
  const vault = readdirSync(vaults).find((name) => existsSync(`${vaults}/${name}/${id}.snapshot`));
  const [folder, away] = [`${vaults}/${vault}`, `${vaults}/${vault}.away`];
  const browser = await launch();
  try {
    const page = await openIde(browser, account);
    const told = page.getByTestId("snapshot-trouble");
    renameSync(folder, away);
    writeFileSync(folder, "in the way");
    expect(await student.status("POST", PATH, { json: {} })).toBeGreaterThanOrEqual(400);
    expect(await told.getAttribute("title")).toContain("could not be taken");
    rmSync(folder);
    renameSync(away, folder);
    await told.click();
    const dialog = page.getByTestId("snapshots");
    await dialog.getByRole("button", { name: "Take a snapshot" }).click();
    await dialog.getByTestId("snapshot-said").getByText("The snapshot is taken.").waitFor();
    await told.waitFor({ state: "detached" });
  } finally {
    await browser.close();
  }
});
