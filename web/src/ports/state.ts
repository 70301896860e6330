/** The ports that programs in the workspace listen on, as the server tells them. */
import { effect, signal } from "@preact/signals";
import { subscribe } from "../api/sse";
import type { Port, Visibility } from "../api/types";
import { sharePort } from "../api/workspace";
import { say, sayError } from "../app/toast";
import { t } from "../i18n";
import { ready } from "../workspace/state";

export const ports = signal<readonly Port[]>([]);
/** Ports whose sharing is being changed. */
export const changing = signal<ReadonlySet<number>>(new Set());

/** From here on the kernel gives out numbers by itself: nobody waits for such a port. */
const EPHEMERAL = 32_768;

/** Those that were not there before and that somebody may want to look at. */
export function fresh(before: readonly Port[], now: readonly Port[]): Port[] {
  const known = new Set(before.map(({ port }) => port));
  return now.filter(({ port }) => port < EPHEMERAL && !known.has(port));
}

export function startPorts(): void {
  effect(() => {
    if (!ready.value) {
      ports.value = [];
      return;
    }
    // What listens already when the page is opened is no news.
    let first = true;
    const subscription = subscribe("/workspace/ports/events", {
      onEvent: ({ data }) => {
        const now = JSON.parse(data) as Port[];
        if (!first) for (const port of fresh(ports.peek(), now)) announce(port);
        first = false;
        ports.value = now;
      },
      // A refusal now, while the workspace restarts, may be an answer later.
      again: () => true,
    });
    return () => subscription.close();
  });
}

export const processOf = ({ process }: Port): string => process ?? t("ports.unknown");

function announce(port: Port): void {
  const text = t("ports.opened", { port: port.port, process: processOf(port) });
  say(text, "good", { label: t("ports.open"), href: port.url });
}

/** `seconds`: for how long; the server's own choice where nothing is said. */
export async function share(port: number, visibility: Visibility, seconds?: number): Promise<void> {
  if (changing.peek().has(port)) return;
  changing.value = new Set([...changing.peek(), port]);
  try {
    const { expires_at } = await sharePort(port, visibility, seconds);
    ports.value = ports
      .peek()
      .map((each) => (each.port === port ? { ...each, visibility, expires_at: expires_at ?? null } : each));
  } catch (error) {
    sayError(error);
  } finally {
    changing.value = new Set([...changing.peek()].filter((each) => each !== port));
  }
}
