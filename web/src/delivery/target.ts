/** The target state with what it would change: looked at while its page is open, since a Deploy or a push may bring another. */
import { signal } from "@preact/signals";
import { describe } from "../api/http";
import { readTarget, setRefreshOnPush, type Target } from "../api/target";
import { say } from "../app/toast";
import { app, refreshApp } from "../deploy/state";
import { t } from "../i18n";

/** The API server compares each object: not as often as the picture is looked at. */
const LOOK_MS = 8000;

/** Undefined until the first answer. */
export const target = signal<Target | null | undefined>(undefined);
export const trouble = signal<string | null>(null);

export async function lookAtTarget(): Promise<void> {
  try {
    const [now] = await Promise.all([readTarget(), refreshApp()]);
    target.value = now;
    trouble.value = null;
  } catch (error) {
    trouble.value = describe(error);
  }
}

/** Looks now and again until the answer is called. */
export function watchTarget(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const again = async () => {
    if (document.visibilityState === "visible") await lookAtTarget();
    if (!ended) timer = setTimeout(() => void again(), LOOK_MS);
  };
  void again();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

export async function followPushes(on: boolean): Promise<void> {
  app.value = await setRefreshOnPush(on);
  say(t(on ? "target.onPushOn" : "target.onPushOff"), "good");
}
