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
      // A syllable that is being composed has its keys for itself.
      if (recording || event.isComposing) return;
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (plain && !/^F\d+$/.test(event.key)) return;
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
