/** The whole page in a browser, cold, beside VS Code's: its weight, how soon it can be used, keys, a flood, memory. */
import { type Browser, launch, logIn, openFile, openIde, type Page } from "../../e2e/src/browser.ts";
import { eventually } from "../../e2e/src/eventually.ts";
import { maru, serverPid } from "../../e2e/src/instance.ts";
import { CodeServer } from "./codeserver.ts";
import { KEYS_PER_LINE, SHELL } from "./echo.ts";
import { FILE, MEGABYTES, text } from "./flood.ts";
import { type Bench, type Measure, median, percentile, sleep, spread } from "./measure.ts";
import { held, MIB, mainPid } from "./memory.ts";
import { container, start, student } from "./student.ts";

const ROUNDS = 3;
const KEYS = 180;
const EDITED = "web/index.html";
const VIEWPORT = { width: 1440, height: 900 };
const PATIENCE_MS = 120_000;

/** One of the two, as it is used. */
interface Side {
  name: string;
  /** An empty page that may open it. */
  page(browser: Browser): Promise<Page>;
  address: string;
  /** A line of the file that is open in it. */
  line: string;
  /** The rows of the terminal that is seen. */
  rows: string;
  /** Opens a terminal, where none opens by itself. */
  terminal?(page: Page): Promise<void>;
  /** Kilobytes of its processes on the server, without the shells. */
  held(): number;
  /** Before it is opened. */
  before?(): Promise<void>;
}

interface Round {
  bytes: number;
  requests: number;
  editable: number;
  prompt: number;
  echoes: number[];
  page: number;
  server: number;
  flood: number;
  frame: number;
}

const TERMINALS = "/api/v1/workspace/terminals";

/** The file is open as it was left: what there is to open is told by the server, the browser knows nothing. */
async function maruSide(): Promise<Side> {
  const me = student();
  const browser = await launch();
  try {
    const page = await openIde(browser, me.account);
    await openFile(page, EDITED);
    await eventually("the server remembers the file that is open", 20, async () =>
      (await (await me.ask("GET", "/api/v1/me/settings")).text()).includes(EDITED),
    );
  } finally {
    await browser.close();
  }
  return {
    name: "Maru",
    page: (opened) => logIn(opened, me.account, { viewport: VIEWPORT }),
    address: `${maru.url}/ide`,
    line: '.cm-content[contenteditable="true"] .cm-line',
    rows: '[data-testid="terminal"] .xterm-rows',
    held: () => held(serverPid()).pss + held(mainPid(container)).pss,
    before: async () => {
      for (const { id } of await me.json<{ id: string }[]>("GET", TERMINALS))
        await me.status("DELETE", `${TERMINALS}/${id}`);
    },
  };
}

function codeServerSide(server: CodeServer): Side {
  return {
    name: "code-server",
    page: async (browser) => (await browser.newContext({ locale: "en-US", viewport: VIEWPORT })).newPage(),
    address: server.address("index.html"),
    line: ".monaco-editor .view-line",
    rows: ".terminal-wrapper.active .xterm-rows",
    terminal: (page) => page.keyboard.press("Control+Shift+Backquote"),
    held: () => server.held(),
  };
}

/** Bytes of all answers to a page that comes by HTTP, as they are sent: compressed, with their headers. */
function weigh(page: Page): () => Promise<{ bytes: number; requests: number }> {
  const sizes: Promise<number>[] = [];
  page.context().on("requestfinished", (request) => {
    const size = request.sizes().then(
      ({ responseBodySize, responseHeadersSize }) => responseBodySize + responseHeadersSize,
      () => 0,
    );
    sizes.push(size);
  });
  return async () => {
    const all = await Promise.all(sizes);
    return { bytes: all.reduce((sum, size) => sum + size, 0), requests: all.length };
  };
}

/** Kilobytes of the processes that show pages. */
async function pages(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  return renderers.reduce((sum, { id }) => sum + held(id).pss, 0);
}

/** Waits in the page until its terminal shows `wanted`: milliseconds since the last key went down, and the longest frame since. */
async function shows(page: Page, rows: string, wanted: string, keys: () => Promise<void>) {
  await page.evaluate(
    ([selector, expected, patience]) => {
      const bench = { found: Promise.resolve({ ms: 0, frame: 0 }) };
      Object.assign(window, { bench });
      bench.found = new Promise((resolve, reject) => {
        const place = [...document.querySelectorAll<HTMLElement>(selector)].find(
          (element) => element.offsetWidth > 0,
        );
        if (!place) return reject(new Error(`no ${selector}`));
        let pressed = 0;
        let last = 0;
        let frame = 0;
        const press = (event: KeyboardEvent) => {
          pressed = event.timeStamp;
          last = pressed;
          frame = 0;
        };
        let asked = 0;
        const tick = (now: number) => {
          frame = Math.max(frame, now - last);
          last = now;
          asked = requestAnimationFrame(tick);
        };
        asked = requestAnimationFrame(tick);
        const end = () => {
          document.removeEventListener("keydown", press, { capture: true });
          cancelAnimationFrame(asked);
          clearTimeout(late);
          observer.disconnect();
        };
        const observer = new MutationObserver(() => {
          if (!pressed || !place.textContent?.includes(expected)) return;
          end();
          resolve({ ms: performance.now() - pressed, frame });
        });
        const late = setTimeout(() => {
          end();
          reject(new Error(`no ${expected} in the terminal, only ${place.textContent}`));
        }, patience);
        document.addEventListener("keydown", press, { capture: true });
        observer.observe(place, { childList: true, characterData: true, subtree: true });
      });
    },
    [rows, wanted, PATIENCE_MS] as const,
  );
  await keys();
  return page.evaluate(
    () => (window as unknown as { bench: { found: Promise<{ ms: number; frame: number }> } }).bench.found,
  );
}

/** Types one key at a time, each after the one before is seen. */
async function echoes(page: Page, rows: string): Promise<number[]> {
  const times: number[] = [];
  // No other line on the screen begins so.
  const first = "qz";
  let line = "";
  for (let n = 0; n < KEYS; n++) {
    if (n % KEYS_PER_LINE === 0) {
      await page.keyboard.press("Control+u");
      line = first;
      await page.keyboard.type(first);
      await page.locator(rows).filter({ hasText: first, visible: true }).waitFor();
    }
    const key = String.fromCharCode("a".charCodeAt(0) + (n % 26));
    line += key;
    times.push((await shows(page, rows, line, () => page.keyboard.press(key))).ms);
    await sleep(2 + (n % 7));
  }
  await page.keyboard.press("Control+u");
  return times;
}

/** Opens it in a browser that has nothing of it, and does all of it once. */
async function use(side: Side): Promise<Round> {
  await side.before?.();
  const browser = await launch();
  try {
    const page = await side.page(browser);
    page.setDefaultTimeout(PATIENCE_MS);
    const weight = weigh(page);
    const began = performance.now();
    await page.goto(side.address, { waitUntil: "commit" });
    const line = page.locator(side.line);
    await line.filter({ hasText: "<h1" }).first().click();
    await page.keyboard.press("End");
    await page.keyboard.type("Zq");
    await line.filter({ hasText: "Zq" }).first().waitFor();
    const editable = performance.now() - began;
    await side.terminal?.(page);
    const rows = page.locator(side.rows).filter({ hasText: "$", visible: true });
    await rows.waitFor();
    const prompt = performance.now() - began;
    const { bytes, requests } = await weight();
    // What lies over them takes the press.
    await rows.click({ force: true });
    await page.keyboard.type(`${SHELL}\n`);
    await shows(page, side.rows, "up=42", () => page.keyboard.type("echo up=$((6*7))\n"));
    await page.keyboard.press("Control+l");
    await page.locator(side.rows).filter({ hasText: "up=42" }).waitFor({ state: "detached" });
    const keys = await echoes(page, side.rows);
    const memory = { page: await pages(browser), server: side.held() };
    await page.keyboard.type(`cat ~/${FILE}; echo end=$((6*7))`);
    const { ms, frame } = await shows(page, side.rows, "end=42", () => page.keyboard.press("Enter"));
    return {
      ...{ bytes, requests, editable, prompt, echoes: keys, ...memory },
      ...{ flood: MEGABYTES / (ms / 1000), frame },
    };
  } finally {
    await browser.close();
  }
}

async function peer(page: string, say: (text: string) => void): Promise<CodeServer | undefined> {
  try {
    return await CodeServer.start({ name: "index.html", text: page }, "exec bash -l", say);
  } catch (error) {
    const [why] = String(error).split("\n");
    say(`code-server cannot be had on this machine, so Maru is measured alone: ${why}`);
    return undefined;
  }
}

export const ide: Bench = {
  name: "ide",
  about: "the page in Chromium, cold: weight, times, keys, a flood, memory; peer: code-server",
  async run(say) {
    await start();
    const me = student();
    const flood = `/api/v1/workspace/files/${FILE}`;
    await me.json("PUT", flood, { body: text() });
    const page = await (await me.ask("GET", `/api/v1/workspace/files/guestbook/${EDITED}`)).text();
    const other = await peer(page, say);
    const sides: Side[] = [];
    const rounds: Round[][] = [[], []];
    /** The first of each reads the programs from the disk; later ones find what the server keeps for pages that may come back. */
    const firsts: Round[] = [];
    try {
      sides.push(await maruSide(), ...(other ? [codeServerSide(other)] : []));
      for (let round = 0; round <= ROUNDS; round++)
        for (const [at, side] of sides.entries()) {
          const found = await use(side);
          if (round === 0) {
            firsts.push(found);
            continue;
          }
          rounds[at]?.push(found);
          const { editable, prompt, frame } = found;
          const [a, b, c] = [editable, prompt, frame].map(Math.round);
          say(
            `round ${round} of ${ROUNDS}, ${side.name}: file ${a} ms, prompt ${b} ms, ` +
              `key ${median(found.echoes).toFixed(1)} ms, flood ${found.flood.toFixed(1)} MB/s, frame ${c} ms`,
          );
        }
    } finally {
      other?.close();
      await me.status("DELETE", flood);
    }
    const [mine = [], theirs = []] = rounds;
    const measure = (
      what: string,
      unit: Measure["unit"],
      of: (round: Round) => number,
      aim?: Measure["aim"],
    ): Measure => {
      const values = rounds.map((all) => all.map(of));
      const beside = theirs.length > 0 && {
        peer: { name: "code-server", value: median(theirs.map(of)) },
        ratios: mine.map((round, n) => of(round) / of(theirs[n] as Round)),
      };
      return {
        ...{ what, unit, maru: median(mine.map(of)), ...beside, ...(aim && { aim }) },
        detail: Object.fromEntries(sides.map(({ name }, at) => [name, values[at]])),
      };
    };
    const keys = rounds.map((all) => all.flatMap((round) => round.echoes));
    const key = (share: number): Measure => {
      const [own = [], others = []] = keys;
      return {
        what: `a key to its echo on the page, p${share * 100}`,
        unit: "ms",
        maru: percentile(own, share),
        ...(others.length > 0 && { peer: { name: "code-server", value: percentile(others, share) } }),
        aim: { ratio: 0.5 },
        detail: Object.fromEntries(sides.map(({ name }, at) => [name, spread(keys[at] ?? [])])),
      };
    };
    return [
      measure("first load, cold", "MB", ({ bytes }) => bytes / 1e6, { ratio: 0.077 }),
      measure("first load, cold, to a letter typed into a file", "ms", ({ editable }) => editable, {
        ratio: 0.33,
      }),
      measure("first load, cold, to a prompt", "ms", ({ prompt }) => prompt, { ratio: 0.33 }),
      key(0.5),
      key(0.99),
      measure(
        `${MEGABYTES} MB of output to the page (more is better)`,
        "MB/s",
        ({ flood: perSecond }) => perSecond,
        { times: 10 },
      ),
      measure("longest frame of that", "ms", ({ frame }) => frame),
      measure("memory of the page (PSS)", "MiB", ({ page: kilobytes }) => kilobytes / MIB),
      {
        what: "memory of the server's side, one page open (PSS)",
        unit: "MiB",
        maru: (firsts[0]?.server ?? 0) / MIB,
        ...(firsts[1] && { peer: { name: "code-server", value: firsts[1].server / MIB } }),
        detail: Object.fromEntries(
          sides.map(({ name }, at) => [name, rounds[at]?.map(({ server }) => server / MIB)]),
        ),
      },
    ];
  },
};
