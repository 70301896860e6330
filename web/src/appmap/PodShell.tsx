/** A shell in a container of the application. */
import { Terminal } from "@xterm/xterm";
import { useEffect, useRef, useState } from "preact/hooks";
import { openShell } from "../api/appmap";
import { t } from "../i18n";
import { settings } from "../settings/state";
import { roomFor } from "../terminal/fit";
import { colours } from "../terminal/session";
import { input, read, resize, SUBPROTOCOL } from "./channel";

export function PodShell({ pod, container }: { pod: string; container: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [end, setEnd] = useState<string | null>(null);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const terminal = new Terminal({
      cursorBlink: true,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: settings.peek().terminalFont,
      lineHeight: 1.2,
      theme: colours(),
    });
    terminal.open(box);
    const socket = openShell(pod, container, SUBPROTOCOL);
    const send = (frame: Uint8Array<ArrayBuffer>) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    };
    const fillBox = () => {
      const screen = box.querySelector(".xterm-screen")?.getBoundingClientRect();
      if (!screen || screen.width === 0) return;
      const cell = { width: screen.width / terminal.cols, height: screen.height / terminal.rows };
      const { cols, rows } = roomFor({ width: box.clientWidth, height: box.clientHeight }, cell);
      if (cols !== terminal.cols || rows !== terminal.rows) terminal.resize(cols, rows);
    };
    terminal.onResize(({ cols, rows }) => send(resize(cols, rows)));
    terminal.onData((text) => send(input(text)));
    socket.onopen = () => {
      fillBox();
      send(resize(terminal.cols, terminal.rows));
      terminal.focus();
    };
    socket.onmessage = ({ data }) => {
      const message = data instanceof ArrayBuffer ? read(new Uint8Array(data)) : null;
      if (message?.kind === "output") terminal.write(message.bytes);
      if (message?.kind === "ended") setEnd(message.why);
    };
    socket.onclose = () => setEnd((before) => before ?? "");
    const observer = new ResizeObserver(fillBox);
    observer.observe(box);
    return () => {
      observer.disconnect();
      socket.onclose = null;
      socket.close();
      terminal.dispose();
    };
  }, [pod, container]);
  return (
    <>
      <section aria-label={t("appmap.shellOf", { pod, container })}>
        <div ref={place} class="pod-shell" data-testid="pod-shell" />
      </section>
      {end !== null && (
        <p class="plan-note" role="status">
          {t("appmap.shellEnded")} {end}
        </p>
      )}
    </>
  );
}
