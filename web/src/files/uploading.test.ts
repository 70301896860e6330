import { beforeEach, expect, it, vi } from "vitest";
import * as dialog from "../app/confirm";
import { send } from "./uploading";

const choose = vi.spyOn(dialog, "choose");
const confirm = vi.spyOn(dialog, "confirm");
/** What arrived in the workspace: where it was to go, and how it was finished. */
let arrived: { path: string; unpack: boolean; overwrite: boolean }[];
let taken: boolean;

beforeEach(() => {
  vi.clearAllMocks();
  arrived = [];
  taken = false;
  let path = "";
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const body = () => JSON.parse(String(init.body));
    if (url.endsWith("/workspace/uploads")) {
      path = body().path;
      return Response.json({ id: "u", offset: 0 }, { status: 201 });
    }
    if (url.endsWith("/u") && init.method === "PATCH")
      return Response.json({}, { headers: { "Upload-Offset": String((init.body as Blob).size) } });
    if (url.endsWith("/finish")) {
      const { unpack, overwrite } = body();
      if (taken && !overwrite) return Response.json({ code: "exists" }, { status: 409 });
      arrived.push({ path, unpack, overwrite });
      return Response.json({}, { status: 201 });
    }
    return Response.json({ entries: [] });
  });
});

const dropped = (...paths: string[]) =>
  paths.map((path) => ({ path, file: new File(["bytes"], path.split("/").at(-1) ?? "") }));

it("asks once whether zip files are to be unpacked, into the folder they fell on", async () => {
  choose.mockResolvedValue(true);
  await send(dropped("p/a.zip", "p/B.ZIP", "p/c.txt", "p/in/d.zip"), "p");
  expect(choose).toHaveBeenCalledTimes(1);
  expect(arrived).toEqual([
    { path: "p", unpack: true, overwrite: false },
    { path: "p", unpack: true, overwrite: false },
    { path: "p/c.txt", unpack: false, overwrite: false },
    { path: "p/in/d.zip", unpack: false, overwrite: false },
  ]);
});

it("keeps a zip file as it is where that was wanted, and sends nothing where neither was", async () => {
  choose.mockResolvedValueOnce(false);
  await send(dropped("p/a.zip"), "p");
  expect(arrived).toEqual([{ path: "p/a.zip", unpack: false, overwrite: false }]);
  choose.mockResolvedValueOnce(null);
  await send(dropped("p/a.zip"), "p");
  expect(arrived).toHaveLength(1);
});

it("replaces what is there only when told to", async () => {
  taken = true;
  choose.mockResolvedValue(true);
  confirm.mockResolvedValueOnce(false);
  await send(dropped("p/a.zip"), "p");
  expect(arrived).toEqual([]);
  confirm.mockResolvedValueOnce(true);
  await send(dropped("p/a.zip"), "p");
  expect(arrived).toEqual([{ path: "p", unpack: true, overwrite: true }]);
});
