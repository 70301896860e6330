/** A terminal on the page: xterm drawing what a TerminalStream brings. Lives on while its tab is not shown. */
import { type Signal, signal } from "@preact/signals";
import type { ISearchDecorationOptions, SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { type ITheme, Terminal } from "@xterm/xterm";
import { again } from "../api/again";
import { connect, noteFailure } from "../api/socket";
import { listTerminals } from "../api/workspace";
import { confirm } from "../app/confirm";
import { t } from "../i18n";
import { settings } from "../settings/state";
import { resolveColour } from "../theme/theme";
import { takeClipboard } from "./clipboard";
import { type Box, fontFor, roomFor, same } from "./fit";
import { followUrl, placesOf } from "./follow";
import { type Arrow, arrow, withCtrl } from "./keys";
import { type Size, type Status, type StreamState, SUBPROTOCOL, TerminalStream } from "./stream";

/** As many as the agent keeps. */
const SCROLLBACK_LINES = 10_000;
/** A connection that is back sooner than this has not been missed by anybody. */
const MISSED_MS = 800;

export function colours(): ITheme {
  const of = (name: string) => resolveColour(`--term-${name}`);
  return {
    background: of("bg"),
    foreground: of("ink"),
    cursor: of("ink"),
    cursorAccent: of("bg"),
    selectionBackground: resolveColour("--select"),
    black: of("black"),
    red: of("red"),
    green: of("green"),
    yellow: of("yellow"),
    blue: of("blue"),
    magenta: of("magenta"),
    cyan: of("cyan"),
    white: of("white"),
    brightBlack: of("bright"),
    brightRed: of("red"),
    brightGreen: of("green"),
    brightYellow: of("yellow"),
    brightBlue: of("blue"),
    brightMagenta: of("magenta"),
    brightCyan: of("cyan"),
    brightWhite: of("ink"),
  };
}

export class TerminalSession {
  readonly state: Signal<StreamState> = signal({ name: "connecting" });
  readonly status: Signal<Status> = signal({ command: null, cwd: null, last_exit_code: null, title: null });
  /** The connection has been away for long enough to say so. */
  readonly away = signal(false);
  /** The terminal's size, where that is another window's. */
  readonly foreign: Signal<Size | null> = signal(null);
  /** The next character is one with Ctrl. */
  readonly ctrl = signal(false);
  readonly terminal: Terminal;
  private readonly stream: TerminalStream;
  private element: HTMLElement | null = null;
  /** What this window has room for. */
  private room: Size | null = null;
  /** Of one character, in our own font. */
  private cell: Box | null = null;
  private finder: SearchAddon | null = null;
  private focusWanted = false;
  private missed: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly id: string) {
    this.terminal = new Terminal({
      allowProposedApi: true,
      cursorBlink: true,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: settings.peek().terminalFont,
      lineHeight: 1.2,
      screenReaderMode: settings.peek().screenReader,
      scrollback: SCROLLBACK_LINES,
      theme: colours(),
    });
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = "11";
    this.terminal.loadAddon(new WebLinksAddon((_, uri) => followUrl(uri)));
    this.terminal.registerLinkProvider(placesOf(this.terminal, () => this.status.peek().cwd));
    this.terminal.parser.registerOscHandler(52, takeClipboard);
    this.terminal.onSelectionChange(() => {
      if (!settings.peek().copyOnSelect || !this.terminal.hasSelection()) return;
      void navigator.clipboard?.writeText(this.terminal.getSelection());
    });
    this.stream = new TerminalStream({
      connect: (since) => {
        const path = `/workspace/terminals/${encodeURIComponent(id)}/stream`;
        return connect(since === null ? path : `${path}?since=${since}`, SUBPROTOCOL);
      },
      write: (bytes, shown) => this.terminal.write(bytes, shown),
      onState: (state) => this.become(state),
      onSize: (size) => this.take(size),
      onStatus: (status) => {
        this.status.value = status;
      },
      exists: async () => {
        const there = (await listTerminals()).some((known) => known.id === id);
        if (there) noteFailure();
        return there;
      },
    });
    const encoder = new TextEncoder();
    this.terminal.onData((text) => this.stream.send(encoder.encode(this.held(text))));
    this.terminal.onBinary((text) => this.stream.send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.terminal.attachCustomKeyEventHandler((event) => !this.isOurs(event));
    this.stream.start();
  }

  /** Puts the terminal into the page; the first time it is drawn, later it is only moved. */
  mount(parent: HTMLElement): void {
    if (this.element) {
      parent.append(this.element);
    } else {
      this.element = document.createElement("div");
      this.element.className = "terminal-screen";
      parent.append(this.element);
      this.element.addEventListener("paste", (event) => this.ask(event), { capture: true });
      this.terminal.open(this.element);
      void this.drawOnGpu();
    }
    this.fit();
    if (this.focusWanted) this.terminal.focus();
    this.focusWanted = false;
  }

  unmount(): void {
    this.element?.remove();
  }

  /** Asks for the size of its pane, unless that is hidden. */
  fit(): void {
    const [pane, cell] = [this.pane(), this.measure()];
    if (!pane || !cell) return;
    this.room = roomFor(pane, cell);
    this.stream.resize(this.room);
    this.scale();
  }

  /** At once, or when it comes into the page. */
  focus(): void {
    if (this.element?.isConnected) this.terminal.focus();
    else this.focusWanted = true;
  }

  /** What is typed is looked for from where the last one was found, the newest lines first. */
  async find(text: string, direction: "next" | "previous", typing: boolean): Promise<void> {
    if (!this.finder) {
      const { SearchAddon } = await again(() => import("@xterm/addon-search"));
      // Another letter may have been typed meanwhile.
      if (!this.finder) {
        this.finder = new SearchAddon();
        this.terminal.loadAddon(this.finder);
      }
    }
    if (text === "") return this.finder.clearDecorations();
    const [match, border] = [resolveColour("--wood-soft"), resolveColour("--accent")].map(hexOf);
    const decorations = {
      matchBackground: match,
      activeMatchBackground: hexOf(resolveColour("--select")),
      matchOverviewRuler: border as string,
      activeMatchColorOverviewRuler: border as string,
    };
    const options = { incremental: typing, decorations: decorations as ISearchDecorationOptions };
    if (direction === "next") this.finder.findNext(text, options);
    else this.finder.findPrevious(text, options);
  }

  endFind(): void {
    this.finder?.clearDecorations();
    this.terminal.clearSelection();
    this.focus();
  }

  /** Lines pasted where no program says that it takes them as text would run one after another. */
  private ask(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const lines = text.trimEnd().split(/\r\n|\r|\n/);
    if (lines.length < 2 || this.terminal.modes.bracketedPasteMode) return;
    event.preventDefault();
    event.stopPropagation();
    const shown = lines.slice(0, 8).join("\n") + (lines.length > 8 ? "\n…" : "");
    void confirm(t("terminal.paste", { count: lines.length }), shown, t("terminal.paste.confirm")).then(
      (yes) => {
        if (yes) this.terminal.paste(text);
        this.focus();
      },
    );
  }

  /** Letters of another size: cells are measured anew. */
  restyle(): void {
    this.terminal.options.fontSize = settings.peek().terminalFont;
    this.cell = null;
    // xterm draws the new size first.
    requestAnimationFrame(() => this.fit());
  }

  /** What is written is put into the page as text for a screen reader, too. */
  readAloud(on: boolean): void {
    if (this.terminal.options.screenReaderMode !== on) this.terminal.options.screenReaderMode = on;
  }

  repaint(): void {
    this.terminal.options.theme = colours();
  }

  /** As if it was typed. */
  press(text: string): void {
    this.terminal.input(text);
  }

  pressArrow(key: Arrow): void {
    const ctrl = this.ctrl.peek();
    this.ctrl.value = false;
    this.press(arrow(key, { ctrl, application: this.terminal.modes.applicationCursorKeysMode }));
  }

  /** Longer texts are no key: answers to the program, and what was pasted. */
  private held(text: string): string {
    if (!this.ctrl.peek() || text.length !== 1) return text;
    this.ctrl.value = false;
    return withCtrl(text);
  }

  nudge(): void {
    this.stream.nudge();
  }

  rest(): void {
    this.stream.rest();
  }

  dispose(): void {
    clearTimeout(this.missed);
    this.stream.close();
    this.unmount();
    this.terminal.dispose();
  }

  /** Keys that are not the program's: the page's own, and those that copy and paste as everywhere else. */
  private isOurs(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || event.altKey || event.metaKey) return false;
    const selected = this.terminal.hasSelection();
    switch (event.code) {
      case "Backquote":
      case "KeyV":
        return true;
      case "KeyC":
        if (event.shiftKey) {
          // The browser has another use for it (its inspector).
          event.preventDefault();
          if (event.type === "keydown" && selected)
            void navigator.clipboard?.writeText(this.terminal.getSelection());
          return true;
        }
        // Copied once; the next one interrupts.
        if (event.type === "keydown" && selected) setTimeout(() => this.terminal.clearSelection());
        return selected;
      default:
        return false;
    }
  }

  private become(state: StreamState): void {
    this.state.value = state;
    if (state.name === "connecting") return;
    if (state.name === "waiting") {
      this.missed ??= setTimeout(() => {
        this.away.value = true;
      }, MISSED_MS);
    } else {
      clearTimeout(this.missed);
      this.missed = undefined;
      this.away.value = false;
    }
  }

  /** The terminal has this size now, whoever wanted it. */
  private take(size: Size): void {
    if (!same(size, this.terminal)) this.terminal.resize(size.cols, size.rows);
    this.scale();
  }

  /** Another window's terminal is shown whole, in a smaller font where it is larger than this pane. */
  private scale(): void {
    const [pane, cell, room] = [this.pane(), this.cell, this.room];
    if (!pane || !cell || !room) return;
    const { cols, rows } = this.terminal;
    const foreign = same(room, this.terminal) ? null : { cols, rows };
    if (!same(foreign, this.foreign.peek())) this.foreign.value = foreign;
    const own = settings.peek().terminalFont;
    const font = foreign ? fontFor(foreign, pane, cell, own) : own;
    if (this.terminal.options.fontSize !== font) this.terminal.options.fontSize = font;
  }

  private pane(): Box | null {
    const { clientWidth: width = 0, clientHeight: height = 0 } = this.element ?? {};
    return width > 0 && height > 0 ? { width, height } : null;
  }

  /** Measured once, as soon as there is something to measure. */
  private measure(): Box | null {
    const screen = this.element?.querySelector<HTMLElement>(".xterm-screen");
    if (
      !this.cell &&
      screen &&
      screen.offsetWidth > 0 &&
      this.terminal.options.fontSize === settings.peek().terminalFont
    ) {
      const { cols, rows } = this.terminal;
      this.cell = { width: screen.offsetWidth / cols, height: screen.offsetHeight / rows };
    }
    return this.cell;
  }

  /** The GPU draws a flood faster; where there is none, or it is lost, xterm's own renderer stays. */
  private async drawOnGpu(): Promise<void> {
    if (!hasGpu()) return;
    try {
      const { WebglAddon } = await again(() => import("@xterm/addon-webgl"));
      const addon = new WebglAddon();
      addon.onContextLoss(() => addon.dispose());
      this.terminal.loadAddon(addon);
    } catch {
      // No WebGL here.
    }
  }
}

/** `rgb(1, 2, 3)` as `#010203`, which is all that the finder reads. */
function hexOf(colour: string): string {
  const parts = colour.match(/\d+(\.\d+)?/g)?.slice(0, 3) ?? [];
  return `#${parts.map((part) => Math.round(Number(part)).toString(16).padStart(2, "0")).join("")}`;
}

/** WebGL that a CPU only pretends is slower than no WebGL. */
function hasGpu(): boolean {
  const context = document
    .createElement("canvas")
    .getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}
