/** The language servers of the workspace: which there are, which run, and what installs one that is missing. */
import type { Extension } from "@codemirror/state";
import { effect, signal } from "@preact/signals";
import { again } from "../api/again";
import { askJson } from "../api/http";
import { helpWith, refreshHelp } from "../editor/documents";
import { buffers } from "../editor/state";
import { root } from "../files/state";
import { t } from "../i18n";
import { settings } from "../settings/state";
import { runInTerminal } from "../terminal/state";
import { readyCount } from "../workspace/state";
import { type ServerId, serverOf, uriOf } from "./ids";

interface Known {
  id: ServerId;
  program: string | null;
  install: string | null;
}

export type ServerState = "starting" | "running" | "ended";

/** Null until the workspace has said. */
export const known = signal<{ home: string; languages: readonly Known[] } | null>(null);
/** Those that were started. */
export const running = signal<ReadonlyMap<ServerId, ServerState>>(new Map());

let asking: Promise<void> | null = null;

function look(): Promise<void> {
  asking ??= askJson<NonNullable<typeof known.value>>("/workspace/languages")
    .then((found) => {
      known.value = found;
    })
    // An agent of an older kind knows none.
    .catch(() => undefined)
    .finally(() => {
      asking = null;
    });
  return asking;
}

/** What a language server does for a text; it is started with the first that it can help. */
async function help(path: string): Promise<Extension> {
  const found = serverOf(path);
  if (!found || !settings.peek().languageServers) return [];
  if (known.peek() === null) await look();
  const { home, languages } = known.peek() ?? {};
  if (home === undefined || !languages?.some(({ id, program }) => id === found.server && program !== null))
    return [];
  const [{ clientOf, references }, { tellMarks }] = await again(() =>
    Promise.all([import("./client"), import("../problems/marks")]),
  );
  return [
    references(home),
    clientOf(found.server, home, root.peek()).plugin(uriOf(home, path), found.language),
    tellMarks(path, found.server),
  ];
}

export async function restart(server: ServerId): Promise<void> {
  (await import("./client")).restart(server);
}

/** Installs a server in a terminal, where it can be watched; the texts have its help as soon as that has ended. */
export async function install(server: ServerId): Promise<void> {
  const command = known.peek()?.languages.find(({ id }) => id === server)?.install;
  if (!command) return;
  const session = await runInTerminal(command, t("language.installing"));
  const stop = effect(() => {
    if (session.state.value.name !== "ended") return;
    queueMicrotask(() => stop());
    void look().then(refreshAll);
  });
}

function refreshAll(): void {
  for (const { path, status } of buffers.peek()) if (status === "text" && serverOf(path)) refreshHelp(path);
}

/** For as long as the page lives. */
export function startLanguages(): void {
  helpWith((path) => (serverOf(path) ? help(path) : null));
  let before = { on: settings.peek().languageServers, ready: 0 };
  effect(() => {
    const now = { on: settings.value.languageServers, ready: readyCount.value };
    if (now.on === before.on && now.ready === before.ready) return;
    const first = before.ready === 0;
    before = now;
    // Another container may have other programs.
    known.value = null;
    if (!first || !now.on) refreshAll();
    if (!now.on && running.peek().size > 0) void import("./client").then(({ endAll }) => endAll());
  });
}
