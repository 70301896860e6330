/** Keys of the page, wherever the focus is: looked up in the registry before anything else sees them. */
import { chordOf } from "./chord";
import { actionFor, run } from "./registry";

/** Where a key is being recorded, none is a command. */
let recording = false;
export const setRecording = (on: boolean): void => {
  recording = on;
};

export function startKeys(): void {
  addEventListener(
    "keydown",
    (event) => {
      const combined = event.ctrlKey || event.metaKey;
      // A syllable that is being composed has its keys for itself, but for combinations that the input method hands on:
      // with those the browser would do something of its own.
      if (recording || (event.isComposing && !combined)) return;
      if (!combined && !event.altKey && !/^F\d+$/.test(event.key)) return;
      const chord = chordOf(event);
      if (!chord) return;
      const target = event.target as Element | null;
      const inTerminal = Boolean(target?.closest?.(".terminal-screen"));
      const action = actionFor(chord, inTerminal);
      if (!action) return;
      event.preventDefault();
      event.stopPropagation();
      run(action);
    },
    { capture: true },
  );
}
