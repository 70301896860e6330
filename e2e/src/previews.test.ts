/** Previews of a workspace's ports: what passes, for whom, and until when. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type WebSocket from "ws";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { maru, newStudent } from "./instance.ts";
import { enter, get, knock, open, origin, previewHost } from "./preview.ts";
import { run } from "./terminal.ts";

interface Port {
  port: number;
  process: string;
  url: string;
  visibility: string;
  expires_at: string | null;
}

const owner = new Client(newStudent("previews"));
const stranger = new Client(newStudent("stranger"));
const login = owner.account.login;
const PORT = 8000;
const host = previewHost(PORT, login);
let pass = "";

const share = (visibility: string, expires_in?: number, port: number | string = PORT) =>
  owner.ask("PUT", `/api/v1/workspace/ports/${port}`, { json: { visibility, expires_in } });

/** Starts a program that outlives its terminal. */
const start = (line: string) =>
  run(owner, `setsid nohup bash -c ${JSON.stringify(line)} >/tmp/started.log 2>&1 & sleep 0.1`);

const listed = () => owner.json<Port[]>("GET", "/api/v1/workspace/ports");

beforeAll(async () => {
  await owner.workspaceReady();
  const body = readFileSync(new URL("probe.py", import.meta.url), "utf8");
  expect(await owner.status("PUT", "/api/v1/workspace/files/probe.py", { body })).toBeLessThan(300);
  await start(`python3 ~/probe.py ${PORT}`);
  await eventually("the port is listed", 10, async () => (await listed()).some(({ port }) => port === PORT));
  pass = await enter(owner, PORT);
});

describe("ports", () => {
  test("are told within a second, with their process, and when they close", async () => {
    const answer = await owner.ask("GET", "/api/v1/workspace/ports/events");
    const reader = (answer.body ?? new ReadableStream<Uint8Array>()).getReader();
    let text = "";
    const next = async (what: (ports: Port[]) => boolean) => {
      for (;;) {
        const last = text.split("\n\n").findLast((event) => event.startsWith("data:"));
        if (last && what(JSON.parse(last.slice(5)) as Port[])) return Date.now();
        const { done, value } = await reader.read();
        if (done) throw new Error("the stream ended");
        text += new TextDecoder().decode(value);
      }
    };
    await next((ports) => ports.some(({ port }) => port === PORT));
    const script = `import socket,time;s=socket.create_server(("",8123));print("at",int(time.time()*1000));time.sleep(3)`;
    const opened = run(owner, `python3 -uc '${script}'`);
    const seen = await next((ports) =>
      ports.some(({ port, process }) => port === 8123 && process === "python3"),
    );
    const closed = next((ports) => !ports.some(({ port }) => port === 8123));
    const at = Number(/at (\d+)/.exec(await opened)?.[1]);
    expect(seen - at).toBeLessThan(1000);
    expect((await closed) - at).toBeLessThan(3000 + 1000);
    await reader.cancel();
  });

  test("know their own numbers only", async () => {
    for (const port of ["0", "-1", "65536", "7070", "08000", "+80", "8e3", "x"]) {
      expect((await share("private", undefined, port)).status, port).toBe(400);
    }
    expect((await share("everybody")).status).toBe(400);
    expect((await share("public", 0)).status).toBe(400);
  });
});

describe("the program", () => {
  test("believes to be at home, and sees nothing of ours", async () => {
    const answer = await get(host, "/a%20b?c=%2F", {
      headers: {
        Cookie: `sid=1; ${pass}; maru_session=secret`,
        Origin: origin(host),
        Referer: `${origin(host)}/x`,
        Authorization: "Basic dXNlcjpwYXNz",
        "X-Forwarded-Host": "evil.example",
      },
    });
    expect(answer.status, answer.body).toBe(200);
    const { path, headers } = JSON.parse(answer.body);
    expect(path).toBe("/a%20b?c=%2F");
    expect(headers.host ?? headers.Host).toBe(`localhost:${PORT}`);
    const of = (name: string) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
    expect(of("origin")).toBe(`http://localhost:${PORT}`);
    expect(of("referer")).toBe(`http://localhost:${PORT}/x`);
    expect(of("authorization")).toBe("Basic dXNlcjpwYXNz");
    expect(of("cookie")).toBe("sid=1");
    expect(of("x-forwarded-host")).toBeUndefined();
    expect(answer.body).not.toContain("maru_");
  });

  test("is reached with a token that it does not see", async () => {
    const answer = await get(host, "/", { headers: { Authorization: `Bearer ${owner.account.token}` } });
    expect(answer.status).toBe(200);
    expect(answer.body).not.toContain(owner.account.token);
  });

  test("keeps its cookies on its own host, and its redirects on the preview", async () => {
    const cookie = await get(host, "/cookie", { headers: { Cookie: pass } });
    expect(cookie.headers["set-cookie"]).toEqual(["sid=1; Path=/; HttpOnly"]);
    const away = await get(host, "/away", { headers: { Cookie: pass } });
    expect(away.headers.location).toBe(`${origin(host)}/there`);
  });

  test("streams events as they come", async () => {
    const began = Date.now();
    const answer = await open(host, "/events", { headers: { Cookie: pass } });
    const times: number[] = [];
    for await (const _ of answer) {
      times.push(Date.now() - began);
      if (times.length === 5) break;
    }
    expect(times[0]).toBeLessThan(500);
    expect((times[4] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(300);
  });

  test("answers an upload while it goes on", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* body() {
      yield Buffer.alloc(1000);
      await held;
      yield Buffer.alloc(2000);
    }
    const answer = await open(host, "/", { method: "POST", headers: { Cookie: pass }, body: body() });
    const seen: string[] = [];
    for await (const piece of answer) {
      seen.push(String(piece));
      // The second piece is sent only once the first was answered: nothing waits for the whole.
      release();
    }
    expect(seen.join("")).toBe("1000\n2000\n");
  });

  test("takes and gives much at once", async () => {
    const size = 64 << 20;
    async function* body() {
      for (let n = 0; n < size >> 20; n++) yield Buffer.alloc(1 << 20);
    }
    const headers = { Cookie: pass, "Content-Length": String(size) };
    const up = await get(host, "/", { method: "POST", headers, body: body() });
    expect(up.body).toBe(`${size}\n`);
    let down = 0;
    for await (const piece of await open(host, `/bytes/${size}`, { headers: { Cookie: pass } })) {
      down += piece.length;
    }
    expect(down).toBe(size);
  });

  test("speaks over a WebSocket", async () => {
    const socket = (await knock(host, "/ws", {
      headers: { Cookie: pass, Origin: origin(host) },
    })) as WebSocket;
    const echo = new Promise((resolve) => socket.on("message", (data) => resolve(String(data))));
    socket.send("마루 ".repeat(500));
    expect(await echo).toBe("마루 ".repeat(500));
    socket.close();
  });
});

describe("where nothing listens", () => {
  const html = { Accept: "text/html", "Accept-Language": "ko" };

  test("a page waits, and names the ports that do listen", async () => {
    const silent = previewHost(4321, login);
    const cookie = await enter(owner, 4321);
    const page = await get(silent, "/", { headers: { ...html, Cookie: cookie } });
    expect(page.status).toBe(503);
    expect(page.headers["retry-after"]).toBe("2");
    expect(page.body).toContain("4321번 포트를 기다리는 중");
    expect(page.body).toContain('http-equiv="refresh"');
    expect(page.body).toContain(`href="${origin(host)}/"`);
    await start("python3 ~/probe.py 4321");
    await eventually("the page is the program's", 10, async () => {
      const { status } = await get(silent, "/", { headers: { ...html, Cookie: cookie } });
      return status === 200;
    });
  });

  test("a program that speaks no HTTP is told apart", async () => {
    await start(
      `python3 -c 'import socket; s=socket.create_server(("",4322)); [s.accept()[0].close() for _ in range(9)]'`,
    );
    await eventually("it listens", 10, async () => (await listed()).some(({ port }) => port === 4322));
    const page = await get(previewHost(4322, login), "/", { headers: { Cookie: await enter(owner, 4322) } });
    expect(page.status).toBe(502);
    expect(page.body).toContain("The program did not answer");
  });
});

describe("who may see it", () => {
  const status = async (headers: Record<string, string> = {}) => (await get(host, "/", { headers })).status;

  test("nobody but its owner, at first", async () => {
    expect(await status()).toBe(401);
    expect(await status({ Cookie: "maru_preview=guess" })).toBe(401);
    expect(await status({ Authorization: `Bearer ${stranger.account.token}` })).toBe(401);
    expect(await status({ Accept: "text/html" })).toBe(303);
    await expect(enter(stranger, PORT, login)).rejects.toThrow("404");
    await expect(enter(stranger, PORT, "nobody-there")).rejects.toThrow("404");
    expect(await status({ Cookie: pass })).toBe(200);
    // The pass is for this port alone.
    expect((await get(previewHost(4321, login), "/", { headers: { Cookie: pass } })).status).toBe(401);
  });

  test("everybody while it is public, and no longer", async () => {
    const made = (await (await share("public", 3)).json()) as Port;
    expect(new Date(made.expires_at ?? 0).getTime() - Date.now()).toBeLessThan(3500);
    expect(await status()).toBe(200);
    const socket = (await knock(host, "/ws", { headers: { Origin: "https://evil.example" } })) as WebSocket;
    const ended = new Promise<number>((resolve) => socket.on("close", () => resolve(Date.now())));
    const stream = await open(host, "/events");
    const broken = new Promise<number>((resolve) => {
      stream.on("close", () => resolve(Date.now()));
      stream.on("error", () => {});
      stream.resume();
    });
    await eventually("it is over", 5, async () => (await status()) === 401);
    const over = new Date(made.expires_at ?? 0).getTime();
    expect((await ended) - over).toBeLessThan(5000);
    expect((await broken) - over).toBeLessThan(5000);
    expect((await listed()).find(({ port }) => port === PORT)?.visibility).toBe("private");
  });

  test("a revocation ends what is open within five seconds; the owner's own goes on", async () => {
    await share("public");
    const theirs = (await knock(host, "/ws")) as WebSocket;
    const mine = (await knock(host, "/ws", { headers: { Cookie: pass } })) as WebSocket;
    const ended = new Promise<number>((resolve) => theirs.on("close", () => resolve(Date.now())));
    const revoked = Date.now();
    await share("private");
    expect((await ended) - revoked).toBeLessThan(5000);
    const echo = new Promise((resolve) => mine.on("message", (data) => resolve(String(data))));
    mine.send("still here");
    expect(await echo).toBe("still here");
    mine.close();
  });

  test("the class while its owner shares it so, and who leaves the class within five seconds no longer", async () => {
    const admin = new Client(maru.admin);
    const fellow = new Client(newStudent("fellow"));
    const name = `previews ${login}`;
    const { id } = await admin.json<{ id: string }>("POST", "/api/v1/admin/classes", { json: { name } });
    const member = (of: string) => `/api/v1/admin/classes/${id}/members/${of}`;
    try {
      for (const of of [login, fellow.account.login]) await admin.json("PUT", member(of), { json: {} });
      await expect(enter(fellow, PORT, login), "a class alone shares nothing").rejects.toThrow("404");
      await share("class");
      const theirs = { Cookie: await enter(fellow, PORT, login) };
      expect(await status(theirs)).toBe(200);
      await expect(enter(stranger, PORT, login)).rejects.toThrow("404");
      expect(await status({ Authorization: `Bearer ${stranger.account.token}` })).toBe(401);
      expect(await status()).toBe(401);
      const socket = (await knock(host, "/ws", {
        headers: { ...theirs, Origin: origin(host) },
      })) as WebSocket;
      const mine = (await knock(host, "/ws", {
        headers: { Cookie: pass, Origin: origin(host) },
      })) as WebSocket;
      const ended = new Promise<number>((resolve) => socket.on("close", () => resolve(Date.now())));
      const left = Date.now();
      await admin.json("DELETE", member(fellow.account.login));
      expect((await ended) - left).toBeLessThan(5000);
      expect(await status(theirs)).toBe(401);
      await expect(enter(fellow, PORT, login)).rejects.toThrow("404");
      const echo = new Promise((resolve) => mine.on("message", (data) => resolve(String(data))));
      mine.send("still here");
      expect(await echo).toBe("still here");
      mine.close();
    } finally {
      await share("private");
      await admin.json("DELETE", `/api/v1/admin/classes/${id}?confirm=${encodeURIComponent(name)}`);
    }
  });

  test("the pass ends with the session", async () => {
    const { password } = owner.account;
    const in_ = await fetch(`${maru.url}/api/v1/session`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ login, password }),
    });
    const session = in_.headers.get("Set-Cookie")?.split(";")[0] ?? "";
    const sent = await fetch(`${maru.url}/api/v1/workspace/ports/${PORT}/open`, {
      headers: { Cookie: session },
      redirect: "manual",
    });
    const ticket = new URL(sent.headers.get("Location") ?? "");
    const entered = await get(ticket.host, ticket.pathname + ticket.search);
    const cookie = entered.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    const again = await get(ticket.host, ticket.pathname + ticket.search);
    expect(again.status, "a ticket is good once").toBe(403);
    expect(await status({ Cookie: cookie })).toBe(200);
    const socket = (await knock(host, "/ws", { headers: { Cookie: cookie } })) as WebSocket;
    const ended = new Promise<number>((resolve) => socket.on("close", () => resolve(Date.now())));
    await fetch(`${maru.url}/api/v1/session`, {
      method: "DELETE",
      headers: { Cookie: session, Origin: maru.url, "X-Maru-CSRF": "1" },
    });
    const out = Date.now();
    expect(await status({ Cookie: cookie })).toBe(401);
    expect((await ended) - out).toBeLessThan(5000);
  });
});
