/** Files through the API of a real workspace: away and back, up and down, in parts. */
import { beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const FILES = "/api/v1/workspace/files";
const student = new Client(newStudent("files"));

beforeAll(() => student.workspaceReady());

const write = (path: string, body: BodyInit) => student.status("PUT", `${FILES}/${path}`, { body });
const read = async (path: string) => (await student.ask("GET", `${FILES}/${path}`)).text();

test("what is deleted is undone by what the answer says", async () => {
  expect(await write("undo/%ED%95%9C%EA%B8%80.txt", "still here")).toBe(201);
  const deleted = await student.ask("DELETE", `${FILES}/undo`);
  expect(deleted.status).toBe(204);
  expect(await student.status("GET", `${FILES}/undo/%ED%95%9C%EA%B8%80.txt`)).toBe(404);
  const trash = await student.json<{ entries: { path: string }[] }>("GET", "/api/v1/workspace/trash");
  expect(trash.entries.map(({ path }) => path)).toContain("undo");
  const id = deleted.headers.get("Maru-Trash-Id");
  await student.json("POST", `/api/v1/workspace/trash/${id}/restore`);
  expect(await read("undo/%ED%95%9C%EA%B8%80.txt")).toBe("still here");
});

test("a folder comes down as a zip and goes up again elsewhere", async () => {
  const big = "line of text\n".repeat(200_000);
  await write("down/a.txt", big);
  await write("down/in/b.txt", "b");
  const zip = await student.ask("GET", "/api/v1/workspace/archive.zip?path=down");
  expect([zip.status, zip.headers.get("Content-Type")]).toEqual([200, "application/zip"]);
  const body = await zip.arrayBuffer();
  expect(body.byteLength).toBeLessThan(big.length / 10);
  const unpacked = await student.json<{ files: number }>("POST", "/api/v1/workspace/upload?path=up", {
    body,
  });
  expect(unpacked.files).toBe(2);
  expect(await read("up/down/a.txt")).toBe(big);
  const again = await student.ask("POST", "/api/v1/workspace/upload?path=up", { body });
  expect(again.status).toBe(409);
  expect(((await again.json()) as { paths: string[] }).paths).toContain("up/down/a.txt");
});

test("a file arrives in parts, and goes on where it was cut off", async () => {
  const bytes = new Uint8Array(3 * 1024 * 1024).map((_, index) => index % 253);
  const { id } = await student.json<{ id: string }>("POST", "/api/v1/workspace/uploads", {
    json: { path: "parts.bin", size: bytes.length },
  });
  const upload = `/api/v1/workspace/uploads/${id}`;
  const send = (offset: number, end: number) =>
    student.ask("PATCH", upload, {
      body: bytes.slice(offset, end),
      headers: { "Upload-Offset": String(offset) },
    });
  expect((await send(0, 1_000_000)).status).toBe(200);
  const wrong = await send(0, 10);
  expect([wrong.status, wrong.headers.get("Upload-Offset")]).toEqual([409, "1000000"]);
  expect((await send(1_000_000, bytes.length)).status).toBe(200);
  expect(await student.status("POST", `${upload}/finish`)).toBe(201);
  const whole = new Uint8Array(await (await student.ask("GET", `${FILES}/parts.bin`)).arrayBuffer());
  expect(whole.length).toBe(bytes.length);
  expect(whole.every((byte, index) => byte === bytes[index])).toBe(true);
});

test("another student's trash and uploads are not reached", async () => {
  const other = new Client(newStudent("filesother"));
  const { id } = await student.json<{ id: string }>("POST", "/api/v1/workspace/uploads", {
    json: { path: "secret", size: 1 },
  });
  await other.workspaceReady();
  expect(await other.status("GET", `/api/v1/workspace/uploads/${id}`)).toBe(404);
  const trash = await other.json<{ entries: unknown[] }>("GET", "/api/v1/workspace/trash");
  expect(trash.entries).toEqual([]);
});
