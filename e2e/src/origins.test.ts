/** Requests that other pages make in a browser's name: WebSockets, mutations, strange hosts, and ways out. */
import { beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { Client } from "./client.ts";
import { maru, newStudent } from "./instance.ts";
import { enter, get, knock, origin, previewHost } from "./preview.ts";
import { createTerminal, run } from "./terminal.ts";

const victim = new Client(newStudent("victim"));
const login = victim.account.login;
const PORT = 8000;
const own = new URL(maru.url).host;
let session = "";
let pass = "";

beforeAll(async () => {
  await victim.workspaceReady();
  await run(victim, `setsid nohup python3 -m http.server ${PORT} >/dev/null 2>&1 & sleep 1`);
  const { password } = victim.account;
  const answer = await fetch(`${maru.url}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login, password }),
  });
  session = answer.headers.get("Set-Cookie")?.split(";")[0] ?? "";
  pass = await enter(victim, PORT);
});

/** What a page elsewhere makes the browser say; the cookie comes along whoever asks. */
const foreign: Record<string, string | undefined> = {
  "another site": "https://evil.example",
  "a site that looks like ours": `http://${own}.evil.example`,
  "our name on another port": "http://localhost:1",
  "no page at all": "null",
  "an application": `http://${login}.apps.${own}`,
  "another student's preview": origin(previewHost(PORT, "eve")),
};

describe("WebSockets", () => {
  const sockets: Record<
    string,
    () => Promise<{ host: string; path: string; cookie: string; protocol?: string }>
  > = {
    "a terminal": async () => ({
      host: own,
      path: `/api/v1/workspace/terminals/${await createTerminal(victim)}/stream`,
      cookie: session,
      protocol: "maru.terminal.v1",
    }),
    "kubectl's": async () => ({
      host: own,
      path: "/k8s/api/v1/namespaces/default/pods/x/exec",
      cookie: session,
    }),
    "a preview's": async () => ({ host: previewHost(PORT, login), path: "/", cookie: pass }),
  };
  const ours: Record<string, string> = {
    "a terminal": maru.url,
    "kubectl's": maru.url,
    "a preview's": origin(previewHost(PORT, login)),
  };

  for (const [name, socket] of Object.entries(sockets)) {
    for (const [from, page] of Object.entries({
      ...foreign,
      ...(name === "a preview's" ? { "the IDE": maru.url } : { "the victim's preview": ours["a preview's"] }),
    })) {
      test(`${name} is closed to ${from}`, async () => {
        const { host, path, cookie, protocol } = await socket();
        const headers = { Cookie: cookie, ...(page === undefined ? {} : { Origin: page }) };
        const refused = await knock(host, path, { headers, ...(protocol ? { protocol } : {}) });
        // In Kubernetes' words, whoever is not let in is unauthorized.
        expect(refused).toBe(name === "kubectl's" ? 401 : 403);
      });
    }
  }

  test("a terminal is open to our own page, and to nobody without an origin", async () => {
    const { host, path, cookie, protocol } = await (
      sockets["a terminal"] as () => ReturnType<(typeof sockets)[string]>
    )();
    const knocked = (headers: Record<string, string>) =>
      knock(host, path, { headers: { Cookie: cookie, ...headers }, ...(protocol ? { protocol } : {}) });
    expect(await knocked({})).toBe(403);
    const let_in = await knocked({ Origin: maru.url });
    expect(let_in).toBeInstanceOf(WebSocket);
    if (let_in instanceof WebSocket) let_in.close();
  });

  test("a preview's is open to its own page and to other ports of the same workspace", async () => {
    for (const port of [PORT, 3000]) {
      const headers = { Cookie: pass, Origin: origin(previewHost(port, login)) };
      // The program there speaks no WebSocket; that it was asked is what counts.
      expect(await knock(previewHost(PORT, login), "/", { headers })).toBe(200);
    }
  });
});

describe("mutations", () => {
  const changes: [string, string][] = [
    ["PUT", "/api/v1/workspace"],
    ["POST", "/api/v1/workspace/stop"],
    ["PUT", "/api/v1/workspace/files/x"],
    ["DELETE", "/api/v1/workspace/files/probe.py"],
    ["POST", "/api/v1/workspace/terminals"],
    ["PUT", `/api/v1/workspace/ports/${PORT}`],
    ["POST", "/api/v1/repositories"],
    ["POST", "/api/v1/deployments"],
    ["DELETE", "/api/v1/app"],
    ["POST", "/api/v1/admin/workspaces/bulk"],
    ["DELETE", "/k8s/api/v1/namespaces/default/pods/x"],
  ];
  const answer = (method: string, path: string, headers: Record<string, string>) =>
    get(own, path, {
      method,
      headers: { Cookie: session, "Content-Type": "application/json", ...headers },
      body: "{}",
    });

  for (const [method, path] of changes) {
    const refused = path.startsWith("/k8s") ? 401 : 403;
    test(`${method} ${path} needs our own page`, async () => {
      for (const page of Object.values(foreign)) {
        const headers = { Origin: page ?? "", "X-Maru-CSRF": "1" };
        expect((await answer(method, path, headers)).status, page).toBe(refused);
      }
      expect((await answer(method, path, { Origin: maru.url })).status, "a form of ours").toBe(refused);
      expect((await answer(method, path, {})).status, "an old browser").toBe(refused);
    });
  }

  test("a private preview is not changed by another site's page, and not read by it", async () => {
    const host = previewHost(PORT, login);
    for (const page of [...Object.values(foreign), maru.url]) {
      const headers = { Cookie: pass, Origin: page ?? "" };
      expect((await get(host, "/", { method: "POST", headers })).status, page).toBe(403);
      expect((await get(host, "/", { headers })).status, page).toBe(403);
    }
    const image = { Cookie: pass, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors" };
    expect((await get(host, "/", { headers: image })).status, "an image").toBe(403);
    const link = { Cookie: pass, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };
    const page = await get(host, "/", { headers: link });
    expect(page.status, "a link").toBe(200);
    expect(page.headers["content-security-policy"], "in a frame").toContain("frame-ancestors 'self'");
  });
});

describe("hosts", () => {
  test("that name no preview lead nowhere", async () => {
    const server = new URL(maru.url).port;
    for (const name of [
      `0--${login}`,
      `7070--${login}`,
      `65536--${login}`,
      `08000--${login}`,
      `+8000--${login}`,
      `8000-${login}`,
      `8000--${login}--x`,
      `8000--x.${login}`,
      "8000--[::1]",
      "8000--..",
      "8000--",
      "x",
    ]) {
      const answer = await get(`${name}.preview.localhost:${server}`, "/", { headers: { Cookie: pass } });
      expect([400, 404], name).toContain(answer.status);
    }
  });

  test("in capitals or with a dot at the end are the same preview, and no other", async () => {
    const server = new URL(maru.url).port;
    for (const host of [
      `${PORT}--${login.toUpperCase()}.PREVIEW.localhost:${server}`,
      `${PORT}--${login}.preview.localhost.:${server}`,
    ]) {
      expect((await get(host, "/", { headers: { Cookie: pass } })).status, host).toBe(200);
      expect((await get(host, "/")).status, host).toBe(401);
    }
  });

  test("that somebody else's name server points here are refused (DNS rebinding)", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${new URL(maru.url).port}`,
      `${own}.evil.example`,
      "127.0.0.1.nip.io",
    ]) {
      for (const path of ["/", "/login", "/api/v1/me", "/api/v1/workspace/files/x", "/k8s/api/v1/pods"]) {
        const headers = { Cookie: session, Authorization: `Bearer ${victim.account.token}` };
        expect((await get(host, path, { headers })).status, host + path).toBe(421);
      }
    }
    for (const host of ["127.0.0.1", "[::1]:8080", own])
      expect((await get(host, "/healthz")).status, host).toBe(200);
  });
});

describe("ways out", () => {
  const open = async (query: string) => {
    const headers = { Cookie: session, Accept: "text/html" };
    const answer = await get(own, `/api/v1/workspace/ports/${PORT}/open?${query}`, { headers });
    return { status: answer.status, to: answer.headers.location ?? "" };
  };
  const elsewhere = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
  ];

  test("the sign-in hop ends on the preview's own host", async () => {
    for (const next of elsewhere) {
      const { to } = await open(`next=${encodeURIComponent(next)}`);
      const url = new URL(to);
      expect(url.host).toBe(previewHost(PORT, login));
      const entered = await get(url.host, url.pathname + url.search);
      expect(entered.headers.location, JSON.stringify(next)).toBe("/");
    }
    const { to } = await open(`next=${encodeURIComponent("/a b?c=ㄱ")}`);
    const url = new URL(to);
    const entered = await get(url.host, url.pathname + url.search);
    expect(entered.headers.location).toBe("/a%20b?c=%E3%84%B1");
  });

  test("nobody is sent to a host that is made of a login", async () => {
    for (const name of ["evil.example/", "x@evil.example", "a.b", "../x", "evil%2eexample"]) {
      const { status, to } = await open(`login=${encodeURIComponent(name)}`);
      expect([status, to], name).toEqual([404, ""]);
    }
  });

  test("the login page leads to our own pages only", async () => {
    for (const next of elsewhere) {
      const answer = await get(own, `/login?next=${encodeURIComponent(next)}`, {
        headers: { Cookie: session },
      });
      expect(new URL(answer.headers.location ?? "", maru.url).host, JSON.stringify(next)).toBe(own);
    }
  });
});
