/** The one workspace of this user: asked for at load, then followed by its events. */
import { computed, signal } from "@preact/signals";
import { describe, signedOut } from "../api/http";
import { pause } from "../api/pause";
import { subscribe } from "../api/sse";
import type { Workspace, WorkspaceState } from "../api/types";
import { askWorkspace, ensureWorkspace, keepAlive, tellActivity, type WorkspaceOp } from "../api/workspace";

export const workspace = signal<Workspace | null>(null);
/** Why the server could not be asked, in words; empty while it can. */
export const workspaceTrouble = signal("");
export const ready = computed(() => workspace.value?.state === "ready");
/** Counts the times the workspace became ready: whoever holds something of it starts anew then. */
export const readyCount = signal(0);
/** When we began to wait for it, in the browser's milliseconds. */
export const waitingSince = signal(Date.now());

export type Tone = "good" | "busy" | "bad" | "";

export function toneOf(state: WorkspaceState | undefined): Tone {
  switch (state) {
    case "ready":
      return "good";
    case "failed":
      return "bad";
    case "stopped":
      return "";
    default:
      return "busy";
  }
}

export function take(next: Workspace): void {
  const before = workspace.peek();
  workspace.value = next;
  workspaceTrouble.value = "";
  const fresh =
    next.state === "ready" && (before?.state !== "ready" || before.started_at !== next.started_at);
  if (fresh) readyCount.value += 1;
  if (before?.state === "ready" && next.state !== "ready") waitingSince.value = Date.now();
}

const RETRY_MS = 2000;
let following = false;

/** Ensures the workspace and follows it. Called at load, and by the button that starts it again. */
export async function startWorkspace(): Promise<void> {
  waitingSince.value = Date.now();
  for (;;) {
    try {
      take(await ensureWorkspace());
      break;
    } catch (error) {
      workspaceTrouble.value = describe(error);
      if (signedOut.peek()) return;
      await pause(RETRY_MS);
    }
  }
  if (following) return;
  following = true;
  subscribe("/workspace/events", {
    onEvent: (event) => take(JSON.parse(event.data) as Workspace),
    // For as long as the page lives: a refusal now may be an answer after the next login.
    again: () => true,
  });
}

/** Asks one thing of it; what comes of that is seen by its events. */
export async function act(op: WorkspaceOp): Promise<void> {
  take(await askWorkspace(op));
}

export async function keepAwake(hours: number): Promise<void> {
  take(await keepAlive(hours));
}

const TELL_EVERY_MS = 60_000;
let told = 0;

/** A key in the page is use of the workspace: told at most once a minute, and at once where it is about to be stopped. */
export function noteKey(now = Date.now()): boolean {
  const current = workspace.peek();
  if (current?.state !== "ready" || (now - told < TELL_EVERY_MS && !current.idle_stop_at)) return false;
  told = now;
  if (current.idle_stop_at) workspace.value = { ...current, idle_stop_at: null };
  // A missed one is made good by the next.
  tellActivity().catch(() => undefined);
  return true;
}

/** Keys by which one gets about in the page, to the banner's button for one: they use nothing of the workspace. */
const MOVING = new Set([
  ...["Tab", "Escape", "F6", "Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"],
  ...["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"],
]);
/** Where such a key is one for the program, or for the text. */
const TAKES_ALL_KEYS = ".xterm, .cm-editor";
const PRESSES = new Set(["Enter", " "]);

/** Whether a key is use of the workspace. In a terminal and in the editor any is; one that presses a button is as a click. */
export function isUse({ key, target }: Pick<KeyboardEvent, "key" | "target">): boolean {
  const within = (places: string) => target instanceof Element && target.closest(places) !== null;
  if (within(TAKES_ALL_KEYS)) return true;
  return !MOVING.has(key) && !(PRESSES.has(key) && within("button, a, summary"));
}

export function startActivity(): void {
  const told = (event: KeyboardEvent) => event.isTrusted && isUse(event) && noteKey();
  addEventListener("keydown", told, { capture: true, passive: true });
}
