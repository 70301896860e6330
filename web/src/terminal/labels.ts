/** What a terminal's tab says, of what the agent tells about it. */
import type { Status } from "./stream";

const HOME = "/home/student";
const LONGEST = 28;

export interface Labelled {
  /** As whoever made the terminal named it; a bare number is the agent's own. */
  name: string | null;
  number: number;
}

/** A short text for the tab, or null where only its number is known. */
export function labelOf(tab: Labelled, status: Status): string | null {
  if (tab.name !== null && !/^\d+$/.test(tab.name)) return tab.name;
  if (status.command) return shorten(commandName(status.command));
  if (status.cwd) return shorten(folderName(status.cwd));
  return null;
}

/** All that is known, for the tooltip. */
export function detailOf(status: Status): string {
  return [status.title, status.command, status.cwd && atHome(status.cwd)].filter(Boolean).join(" — ");
}

/** The code to show beside the name: of the program that has ended, or of the last command that failed. */
export function badgeOf(status: Status, ended: number | null): number | null {
  if (ended !== null) return ended;
  const code = status.last_exit_code;
  // Whoever pressed Ctrl-C knows.
  return status.command || code === null || code === 0 || code === 130 ? null : code;
}

function commandName(command: string): string {
  const [program = "", ...rest] = command.split(" ");
  return [program.slice(program.lastIndexOf("/") + 1) || program, ...rest].join(" ");
}

const atHome = (cwd: string): string =>
  cwd === HOME || cwd.startsWith(`${HOME}/`) ? `~${cwd.slice(HOME.length)}` : cwd;

function folderName(cwd: string): string {
  const path = atHome(cwd);
  return path.slice(path.lastIndexOf("/") + 1) || path;
}

function shorten(text: string): string {
  const characters = [...text];
  return characters.length <= LONGEST ? text : `${characters.slice(0, LONGEST - 1).join("")}…`;
}
