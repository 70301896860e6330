/** Where a click on something in a terminal leads: into the editor, to the preview of a port, or out. */
import type { ILink, ILinkProvider, Terminal } from "@xterm/xterm";
import { isMissing } from "../api/files";
import { ask, encodePath } from "../api/http";
import { showPane } from "../app/layout";
import { say, sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { t } from "../i18n";
import { ports } from "../ports/state";
import { homePath, type Link, linksIn, localUrl } from "./links";

const HOME = "/home/student";

export function followUrl(uri: string): void {
  const local = localUrl(uri);
  if (local) openPort(local.port, local.rest);
  else window.open(uri, "_blank", "noopener,noreferrer");
}

function openPort(port: number, rest: string): void {
  const known = ports.peek().find((each) => each.port === port);
  if (!known) {
    say(t("terminal.noPort", { port }), "bad");
    return;
  }
  const url = new URL(known.url);
  window.open(`${url.origin}${rest || "/"}`, "_blank", "noopener,noreferrer");
}

async function openPlace(link: Extract<Link, { kind: "file" }>, cwd: string): Promise<void> {
  const path = homePath(link.path, cwd);
  if (path === null) {
    say(t("terminal.outside", { path: link.path }), "bad");
    return;
  }
  try {
    await ask(`/workspace/files/${encodePath(path)}`, { method: "HEAD" });
  } catch (error) {
    if (!isMissing(error)) throw error;
    say(t("terminal.noFile", { path }), "bad");
    return;
  }
  showPane("editor");
  await openFile(path, link.place);
}

/** Finds the links of a line, wrapped over rows or not. */
export function placesOf(terminal: Terminal, cwd: () => string | null): ILinkProvider {
  return {
    provideLinks(row, callback) {
      const buffer = terminal.buffer.active;
      let first = row - 1;
      while (first > 0 && buffer.getLine(first)?.isWrapped) first--;
      let text = "";
      /** Of each character of the text: its cell. */
      const cells: { x: number; y: number }[] = [];
      for (let y = first; y === first || buffer.getLine(y)?.isWrapped; y++) {
        const line = buffer.getLine(y);
        if (!line) break;
        for (let x = 0; x < line.length; x++) {
          const cell = line.getCell(x);
          // The second half of a wide character has no text of its own.
          if (!cell || cell.getWidth() === 0) continue;
          const chars = cell.getChars() || " ";
          for (const _ of chars) cells.push({ x: x + 1, y: y + 1 });
          text += chars;
        }
      }
      const links = linksIn(text).flatMap((link): ILink[] => {
        const [start, end] = [cells[link.start], cells[link.start + link.length - 1]];
        if (!start || !end || start.y > row || end.y < row) return [];
        return [
          {
            range: { start, end },
            text: text.slice(link.start, link.start + link.length),
            activate: () => {
              if (link.kind === "local") openPort(link.port, link.rest);
              else openPlace(link, cwd() ?? HOME).catch(sayError);
            },
          },
        ];
      });
      callback(links.length > 0 ? links : undefined);
    },
  };
}
