/** A terminal on the page: xterm drawing what a TerminalStream brings. Lives on while its tab is not shown. */
import { type Signal, signal } from "@preact/signals";
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { type ITheme, Terminal } from "@xterm/xterm";
import { API } from "../api/http";
import { listTerminals } from "../api/workspace";
import { resolveColour } from "../theme/theme";
import { type Size, type StreamState, SUBPROTOCOL, TerminalStream } from "./stream";

const SCROLLBACK_LINES = 5000;

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

function streamUrl(id: string, since: number | null): string {
  const url = new URL(`${API}/workspace/terminals/${encodeURIComponent(id)}/stream`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (since !== null) url.searchParams.set("since", String(since));
  return url.href;
}

export class TerminalSession {
  readonly state: Signal<StreamState> = signal({ name: "connecting" });
  readonly terminal: Terminal;
  private readonly fitter = new FitAddon();
  private readonly stream: TerminalStream;
  private element: HTMLElement | null = null;
  /** The size being taken is another viewer's, which must not be asked for as ours. */
  private following = false;

  constructor(readonly id: string) {
    this.terminal = new Terminal({
      allowProposedApi: true,
      cursorBlink: true,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: 13,
      lineHeight: 1.2,
      scrollback: SCROLLBACK_LINES,
      theme: colours(),
    });
    this.terminal.loadAddon(this.fitter);
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = "11";
    this.terminal.loadAddon(new WebLinksAddon());
    this.stream = new TerminalStream({
      connect: (since) => new WebSocket(streamUrl(id, since), SUBPROTOCOL),
      write: (bytes, shown) => this.terminal.write(bytes, shown),
      reset: (size) => {
        this.terminal.reset();
        this.follow(size);
      },
      onState: (state) => {
        this.state.value = state;
      },
      onSize: (size) => this.follow(size),
      exists: async () => (await listTerminals()).some((known) => known.id === id),
    });
    const encoder = new TextEncoder();
    this.terminal.onData((text) => this.stream.send(encoder.encode(text)));
    this.terminal.onBinary((text) => this.stream.send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.terminal.onResize((size) => {
      if (!this.following) this.stream.resize(size);
    });
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
      this.terminal.open(this.element);
      void this.drawOnGpu();
    }
    this.fit();
  }

  unmount(): void {
    this.element?.remove();
  }

  /** Takes the size of its pane, unless that is hidden. */
  fit(): void {
    if (this.element && this.element.clientWidth > 0 && this.element.clientHeight > 0) this.fitter.fit();
  }

  focus(): void {
    this.terminal.focus();
  }

  repaint(): void {
    this.terminal.options.theme = colours();
  }

  nudge(): void {
    this.stream.nudge();
  }

  dispose(): void {
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

  private follow({ cols, rows }: Size): void {
    this.following = true;
    this.terminal.resize(cols, rows);
    this.following = false;
  }

  /** The GPU draws a flood faster; where there is none, or it is lost, xterm's own renderer stays. */
  private async drawOnGpu(): Promise<void> {
    if (!hasGpu()) return;
    try {
      const { WebglAddon } = await import("@xterm/addon-webgl");
      const addon = new WebglAddon();
      addon.onContextLoss(() => addon.dispose());
      this.terminal.loadAddon(addon);
    } catch {
      // No WebGL here.
    }
  }
}

/** WebGL that a CPU only pretends is slower than no WebGL. */
function hasGpu(): boolean {
  const context = document
    .createElement("canvas")
    .getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}
