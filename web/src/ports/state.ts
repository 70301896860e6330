/** The ports that programs in the workspace listen on; asked for now and then, while somebody looks. */
import { effect, signal } from "@preact/signals";
import type { Port } from "../api/types";
import { listPorts } from "../api/workspace";
import { ready } from "../workspace/state";

export const ports = signal<readonly Port[]>([]);

const EVERY_MS = 4000;

export function startPorts(): void {
  effect(() => {
    if (!ready.value) {
      ports.value = [];
      return;
    }
    void refresh();
    const timer = setInterval(() => void refresh(), EVERY_MS);
    return () => clearInterval(timer);
  });
}

async function refresh(): Promise<void> {
  if (document.visibilityState === "hidden") return;
  try {
    const found = await listPorts();
    if (JSON.stringify(found) !== JSON.stringify(ports.peek())) ports.value = found;
  } catch {
    // What was known stays on screen; the next time tells.
  }
}
