/** The page `/network`: tries what the IDE needs of a network, and says of each whether it passes. Its words are the page's. */

/** What came of a try: a figure to show, or why it did not pass. */
type Try = () => Promise<string>;

const API = "/api/v1/network";
const PATIENCE_MS = 15_000;
const LATENCIES = 5;
const UPLOAD_BYTES = 8 * 1024 * 1024;
/** The server pauses 300 ms between its five events: less than this from the first to the last is a proxy that collects. */
const SPREAD_MS = 700;

const MARK = { "X-Maru-CSRF": "1" };

async function expectOk(answer: Response): Promise<Response> {
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer;
}

async function http(): Promise<string> {
  const times: number[] = [];
  for (let round = 0; round < LATENCIES; round++) {
    const start = performance.now();
    await expectOk(await fetch(`${API}/method`, { cache: "no-store" }));
    times.push(performance.now() - start);
  }
  return `${Math.round(times.sort((a, b) => a - b)[LATENCIES >> 1] ?? 0)} ms`;
}

async function methods(): Promise<string> {
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    const headers = { ...MARK, "If-Match": '"maru"' };
    const answer = await fetch(`${API}/method`, { method, headers });
    if (!answer.ok) throw new Error(`${method}: HTTP ${answer.status}`);
    const heard = (await answer.json()) as { method?: string; if_match?: string };
    if (heard.method !== method) throw new Error(`${method} → ${heard.method}`);
    if (heard.if_match !== '"maru"') throw new Error("If-Match");
  }
  return "";
}

async function events(): Promise<string> {
  const answer = await expectOk(await fetch(`${API}/events`, { cache: "no-store" }));
  const reader = answer.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const times: number[] = [];
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) break;
    const before = text.split("data:").length;
    text += decoder.decode(value, { stream: true });
    for (let more = text.split("data:").length - before; more > 0; more--) times.push(performance.now());
  }
  if (times.length < 5) throw new Error(`${times.length}/5`);
  const spread = (times.at(-1) ?? 0) - (times[0] ?? 0);
  if (spread < SPREAD_MS) throw new Error(`5/5 → ${Math.round(spread)} ms`);
  return "";
}

function stream(): Promise<string> {
  const url = new URL(`${API}/stream`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  let sent = 0;
  return new Promise<string>((resolve, reject) => {
    socket.onopen = () => {
      sent = performance.now();
      socket.send("maru");
    };
    socket.onmessage = ({ data }) => {
      if (data === "maru") resolve(`${Math.round(performance.now() - sent)} ms`);
      else reject(new Error(String(data).slice(0, 40)));
    };
    socket.onclose = ({ code }) => reject(new Error(`WebSocket ${code}`));
  }).finally(() => socket.close());
}

async function upload(): Promise<string> {
  const body = new Uint8Array(UPLOAD_BYTES);
  const start = performance.now();
  const answer = await expectOk(await fetch(`${API}/upload`, { method: "POST", headers: MARK, body }));
  const { bytes } = (await answer.json()) as { bytes?: number };
  if (bytes !== UPLOAD_BYTES) throw new Error(`${bytes}/${UPLOAD_BYTES}`);
  return `${(UPLOAD_BYTES / 1e6 / ((performance.now() - start) / 1000)).toFixed(1)} MB/s`;
}

async function names(addresses: readonly string[]): Promise<string> {
  for (const address of addresses) {
    try {
      // What is answered is nobody's here; that it is answered is enough.
      await fetch(address, { mode: "no-cors", cache: "no-store" });
    } catch {
      throw new Error(new URL(address).hostname);
    }
  }
  return "";
}

function late(): Promise<never> {
  return new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`${PATIENCE_MS / 1000} s`)), PATIENCE_MS),
  );
}

async function run(page: HTMLElement): Promise<void> {
  const tries: Record<string, Try> = {
    http,
    methods,
    events,
    stream,
    upload,
    names: () => names((page.dataset.names ?? "").split(" ")),
  };
  const summary = page.querySelector<HTMLElement>("[data-summary]");
  const report = page.querySelector<HTMLElement>("[data-report]");
  const rows = [...page.querySelectorAll<HTMLElement>("[data-check]")];
  for (const element of [summary, ...rows]) if (element) element.dataset.state = "running";
  if (report) report.hidden = true;
  // One after another: an upload would slow the others.
  for (const row of rows) {
    const figure = row.querySelector("[data-figure]");
    let said: string;
    try {
      said = await Promise.race([(tries[row.dataset.check ?? ""] as Try)(), late()]);
      row.dataset.state = "good";
    } catch (error) {
      said = error instanceof Error ? error.message : String(error);
      row.dataset.state = "bad";
    }
    if (figure) figure.textContent = said;
  }
  const bad = rows.some((row) => row.dataset.state === "bad");
  if (summary) summary.dataset.state = bad ? "bad" : "good";
  if (report) report.hidden = !bad;
}

/** For whoever looks after the network: what to do, and what was seen. */
export function reportOf(page: HTMLElement, head: string): string {
  const lines = [...page.querySelectorAll<HTMLElement>('[data-check][data-state="bad"]')].map((row) => {
    const seen = row.querySelector("[data-figure]")?.textContent?.trim();
    return `- ${row.querySelector("[data-ask]")?.textContent?.trim()}${seen ? ` (${seen})` : ""}`;
  });
  return [head, ...lines, `${page.dataset.host}, ${new Date().toISOString()}, ${navigator.userAgent}`].join(
    "\n",
  );
}

export function startNetwork(page: HTMLElement): void {
  const again = page.querySelector<HTMLButtonElement>("[data-again]");
  const start = async () => {
    if (again) again.disabled = true;
    await run(page);
    if (again) again.disabled = false;
  };
  again?.addEventListener("click", () => void start());
  const report = page.querySelector<HTMLElement>("[data-report]");
  report?.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(reportOf(page, report.dataset.report ?? ""));
    const copied = page.querySelector<HTMLElement>("[data-copied]");
    if (copied) copied.hidden = false;
  });
  void start();
}
