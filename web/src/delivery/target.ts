/** The target state with what it would change: looked at while its page is open, since a Deploy or a push may bring another. */
import { signal } from "@preact/signals";
import { describe } from "../api/http";
import { readTarget, setRefreshOnPush, type Target } from "../api/target";
import { lookAgain } from "../app/lookAgain";
import { say } from "../app/toast";
import { app } from "../deploy/state";
import { t } from "../i18n";

/** The API server compares each object: not as often as the picture is looked at. */
const LOOK_MS = 8000;

/** Undefined until the first answer. */
export const target = signal<Target | null | undefined>(undefined);
export const trouble = signal<string | null>(null);

export async function lookAtTarget(): Promise<void> {
  try {
    target.value = await readTarget();
    trouble.value = null;
  } catch (error) {
    trouble.value = describe(error);
  }
}

/** Until the answer is called. */
export const watchTarget = (): (() => void) => lookAgain(lookAtTarget, () => LOOK_MS);

export async function followPushes(on: boolean): Promise<void> {
  app.value = await setRefreshOnPush(on);
  say(t(on ? "target.onPushOn" : "target.onPushOff"), "good");
}
