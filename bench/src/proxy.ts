/** The gateway as a reverse proxy, beside Debian's nginx before the same pod: both in the node's network, asked by the same program. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { docker, instanceId } from "../../e2e/src/instance.ts";
import { deployed } from "./deploy.ts";
import { type Bench, type Measure, median, sleep } from "./measure.ts";
import { CACHE } from "./programs.ts";
import { namespace, student } from "./student.ts";

const ROUNDS = 5;
const SECONDS = 6;
const CONNECTIONS = 32;
const PORT = 18089;

interface Pod {
  metadata: { name: string };
  spec: { containers: { ports?: { containerPort: number }[] }[] };
  status: { podIP?: string };
}

interface Asked {
  perSecond: number;
  p50: number;
  p99: number;
  failed: number;
}

/** Programs of Debian's, unpacked beside the system: nothing of it is started or configured by an installation. */
function debian(name: string, packages: string[], say: (text: string) => void): string {
  const folder = `${CACHE}/${name}`;
  if (existsSync(folder)) return folder;
  say(`fetching ${packages.join(", ")} from Debian`);
  const fetched = mkdtempSync(join(tmpdir(), "maru-bench-"));
  try {
    execFileSync("apt-get", ["--quiet", "download", ...packages], { cwd: fetched, stdio: "pipe" });
    mkdirSync(`${fetched}/root`);
    for (const file of readdirSync(fetched).filter((each) => each.endsWith(".deb")))
      execFileSync("dpkg-deb", ["--extract", `${fetched}/${file}`, `${fetched}/root`]);
    mkdirSync(CACHE, { recursive: true });
    execFileSync("cp", ["--archive", `${fetched}/root`, folder]);
  } finally {
    rmSync(fetched, { recursive: true });
  }
  return folder;
}

/** What a school would write: kept connections, no log of requests. */
const configuration = (folder: string, to: string) => `
daemon off;
worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream pod { server ${to}; keepalive 64; }
  server {
    listen 127.0.0.1:${PORT};
    location / {
      proxy_pass http://pod;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;

const milliseconds = (value: string, unit: string): number =>
  Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN);

/** What `wrk --latency` prints. */
function read(said: string): Asked {
  const share = (percent: number): number => {
    const [, value = "", unit = ""] = said.match(new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`)) ?? [];
    return milliseconds(value, unit);
  };
  const bad = said.match(/Non-2xx or 3xx responses: (\d+)/)?.[1] ?? "0";
  const broken = said.match(/Socket errors: .*/)?.[0].match(/\d+/g) ?? [];
  return {
    perSecond: Number(said.match(/Requests\/sec:\s+([\d.]+)/)?.[1]),
    p50: share(50),
    p99: share(99),
    failed: Number(bad) + broken.reduce((sum, count) => sum + Number(count), 0),
  };
}

export const proxy: Bench = {
  name: "proxy",
  about: "the gateway as a proxy: requests a second and p99; peer: Debian's nginx before the same pod",
  async run(say) {
    const nginx = debian("nginx", ["nginx"], say);
    const wrk = debian("wrk", ["wrk", "libluajit-5.1-2"], say);
    await deployed();
    const { items } = await student().json<{ items: Pod[] }>(
      "GET",
      `/k8s/api/v1/namespaces/${namespace}/pods`,
    );
    const pod = items.find(({ metadata }) => metadata.name.includes("web"));
    const to = `${pod?.status.podIP}:${pod?.spec.containers[0]?.ports?.[0]?.containerPort}`;
    const { url } = await student().json<{ url: string }>("GET", "/api/v1/app");
    const { hostname } = new URL(url);
    const node = docker("inspect", "--format", "{{.State.Pid}}", `maru-${instanceId}-node`);
    const inside = ["--net", "--target", node];
    const ask = async (target: string, seconds = SECONDS): Promise<Asked> => {
      const args = ["--threads", "2", "--connections", String(CONNECTIONS), "--duration", `${seconds}s`];
      const env = { ...process.env, LD_LIBRARY_PATH: `${wrk}/usr/lib/x86_64-linux-gnu` };
      const { stdout } = await promisify(execFile)(
        "nsenter",
        [...inside, `${wrk}/usr/bin/wrk`, "--latency", ...args, "--header", `Host: ${hostname}`, target],
        { env },
      );
      return read(stdout);
    };
    const folder = mkdtempSync(join(tmpdir(), "maru-bench-nginx-"));
    writeFileSync(`${folder}/nginx.conf`, configuration(folder, to));
    const command = [`${nginx}/usr/sbin/nginx`, "-e", `${folder}/error.log`, "-c", `${folder}/nginx.conf`];
    const peer = spawn("nsenter", [...inside, ...command], { stdio: "ignore" });
    const ended = new Promise((resolve) => peer.once("exit", resolve));
    const targets = {
      gateway: "http://127.0.0.1:80/",
      nginx: `http://127.0.0.1:${PORT}/`,
      pod: `http://${to}/`,
    };
    const rounds: Record<keyof typeof targets, Asked>[] = [];
    try {
      while (!existsSync(`${folder}/nginx.pid`)) {
        if (peer.exitCode !== null) throw new Error("nginx does not serve");
        await sleep(50);
      }
      for (let round = 0; round <= ROUNDS; round++) {
        const found = {
          gateway: await ask(targets.gateway, round === 0 ? 2 : SECONDS),
          nginx: await ask(targets.nginx, round === 0 ? 2 : SECONDS),
          pod: await ask(targets.pod, 2),
        };
        const failed = found.gateway.failed + found.nginx.failed;
        if (failed > 0) throw new Error(`${failed} requests failed: ${JSON.stringify(found)}`);
        // The first of each opens connections.
        if (round === 0) continue;
        rounds.push(found);
        say(
          `round ${round} of ${ROUNDS}: gateway ${Math.round(found.gateway.perSecond)}/s p99 ${found.gateway.p99} ms, ` +
            `nginx ${Math.round(found.nginx.perSecond)}/s p99 ${found.nginx.p99} ms`,
        );
      }
    } finally {
      // nsenter has become nginx.
      peer.kill("SIGQUIT");
      await ended;
      rmSync(folder, { recursive: true });
    }
    const measure = (what: string, unit: Measure["unit"], of: (asked: Asked) => number): Measure => ({
      what: `${what}, ${CONNECTIONS} connections`,
      unit,
      maru: median(rounds.map(({ gateway }) => of(gateway))),
      peer: { name: "nginx", value: median(rounds.map(({ nginx: asked }) => of(asked))) },
      ratios: rounds.map(({ gateway, nginx: asked }) => of(gateway) / of(asked)),
      detail: { rounds },
    });
    return [
      measure("gateway: requests a second (more is better)", "/s", ({ perSecond }) => perSecond),
      measure("gateway: a request, p50", "ms", ({ p50 }) => p50),
      measure("gateway: a request, p99", "ms", ({ p99 }) => p99),
    ];
  },
};
