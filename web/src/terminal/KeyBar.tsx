/** The keys that a phone's keyboard lacks, for the terminal in front. */
import { t } from "../i18n";
import type { Arrow } from "./keys";
import type { TerminalSession } from "./session";

const ARROWS: readonly [Arrow, string][] = [
  ["ArrowUp", "↑"],
  ["ArrowDown", "↓"],
  ["ArrowLeft", "←"],
  ["ArrowRight", "→"],
];
const CHARACTERS = ["/", "|", "~"];

export function KeyBar({ session }: { session: TerminalSession }) {
  const key = (name: string, text: string) => (
    <button type="button" key={name} onClick={() => session.press(text)}>
      {name}
    </button>
  );
  return (
    <div
      class="terminal-keys"
      role="toolbar"
      aria-label={t("terminal.keys")}
      // The terminal keeps the focus, and the phone its keyboard.
      onMouseDown={(event) => event.preventDefault()}
    >
      {key("Esc", "\x1b")}
      {key("Tab", "\t")}
      <button
        type="button"
        aria-pressed={session.ctrl.value}
        onClick={() => {
          session.ctrl.value = !session.ctrl.peek();
          session.focus();
        }}
      >
        Ctrl
      </button>
      {ARROWS.map(([name, sign]) => (
        <button
          type="button"
          key={name}
          aria-label={t(`terminal.key.${name}`)}
          onClick={() => session.pressArrow(name)}
        >
          {sign}
        </button>
      ))}
      {CHARACTERS.map((char) => key(char, char))}
    </div>
  );
}
