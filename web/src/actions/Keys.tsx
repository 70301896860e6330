/** A key combination, drawn as keys. */
import { chordKeys } from "./chord";

export function Keys({ of }: { of: string | undefined }) {
  if (!of) return null;
  return (
    <span class="keys">
      {chordKeys(of).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}
