/**
 * Everything that can be done in the IDE, once: the palette, the menus, the keys and the list of keys all read it here.
 * A facility registers its own actions in its folder; `app/actions.ts` brings them together.
 */
import { computed, signal } from "@preact/signals";
import { sayError } from "../app/toast";
import type { Key } from "../i18n";
import type { Part } from "../settings/part";
import { type Chord, parseChord, sameChord } from "./chord";

export interface Action {
  /** For ever: what users change about its keys is kept under it. */
  id: string;
  title: Key;
  /** What it belongs to, said before the title. */
  group: Key;
  /** As in `Ctrl+Shift+P`; the first is the one that is shown. */
  keys?: readonly string[];
  /** Errors are told to the user. */
  run: () => unknown;
  /** Not to be had now where this says false. */
  when?: () => boolean;
  /** Its keys also count while a terminal has the focus, where most keys are the program's. */
  overTerminal?: boolean;
  /** The editor takes these keys by itself, where it has the focus; they can't be changed. */
  builtIn?: boolean;
}

const known = signal<ReadonlyMap<string, Action>>(new Map());
const KEY = "maru.keys";

/** What this user changed: the keys of an action by its id; none at all where the list is empty. */
export const changedKeys = signal<Readonly<Record<string, readonly string[]>>>(stored());

function stored(): Record<string, readonly string[]> {
  try {
    return readKeys(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
  } catch {
    return {};
  }
}

/** Only lists of texts. */
function readKeys(values: object): Record<string, readonly string[]> {
  const isList = (keys: unknown) => Array.isArray(keys) && keys.every((each) => typeof each === "string");
  return Object.fromEntries(Object.entries(values).filter(([, keys]) => isList(keys)));
}

export const keysPart: Part = {
  name: "keys",
  read: () => changedKeys.value,
  take: (values) => putKeys(readKeys(values)),
};

export const actions = computed(() => [...known.value.values()]);

export function register(...more: readonly Action[]): void {
  const next = new Map(known.peek());
  for (const action of more) next.set(action.id, action);
  known.value = next;
}

export const actionOf = (id: string): Action | undefined => known.value.get(id);

export const keysOf = (action: Action): readonly string[] =>
  changedKeys.value[action.id] ?? action.keys ?? [];

/** The keys to show beside an action wherever it can be pressed. */
export function hintOf(id: string): string | undefined {
  const action = actionOf(id);
  return action && keysOf(action)[0];
}

export const isPossible = (action: Action): boolean => action.when?.() ?? true;

export function run(action: Action): void {
  try {
    Promise.resolve(action.run()).catch(sayError);
  } catch (error) {
    sayError(error);
  }
}

export function runById(id: string): void {
  const action = known.peek().get(id);
  if (action && isPossible(action)) run(action);
}

/** The action of these keys that is possible now. */
export function actionFor(chord: Chord, inTerminal: boolean): Action | undefined {
  return actions.peek().find((action) => {
    if (action.builtIn || (inTerminal && !action.overTerminal)) return false;
    const meant = keysOf(action).some((keys) => {
      const parsed = parseChord(keys);
      return parsed !== null && sameChord(parsed, chord);
    });
    return meant && isPossible(action);
  });
}

/** Other actions that have these keys already. */
export function clashesOf(id: string, keys: string): Action[] {
  const wanted = parseChord(keys);
  if (!wanted) return [];
  const has = (each: string) => {
    const parsed = parseChord(each);
    return parsed !== null && sameChord(parsed, wanted);
  };
  return actions.value.filter((action) => action.id !== id && keysOf(action).some(has));
}

/** Null: as they were. */
export function changeKeys(id: string, keys: readonly string[] | null): void {
  const { [id]: _, ...rest } = changedKeys.peek();
  putKeys(keys === null ? rest : { ...rest, [id]: keys });
}

function putKeys(keys: Readonly<Record<string, readonly string[]>>): void {
  changedKeys.value = keys;
  localStorage.setItem(KEY, JSON.stringify(keys));
}
