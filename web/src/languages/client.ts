/** A connection to each language server that is in use: made with the first text, ended some time after the last. */

import { lintGutter } from "@codemirror/lint";
import {
  LSPClient,
  LSPPlugin,
  languageServerExtensions,
  type Transport,
  Workspace,
  type WorkspaceFile,
} from "@codemirror/lsp-client";
import type { ChangeSet, Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import DOMPurify from "dompurify";
import { EitherSocket } from "../api/socket";
import { sayError } from "../app/toast";
import { viewOf } from "../editor/documents";
import { openFile } from "../editor/state";
import { t } from "../i18n";
import { append, now } from "../output/state";
import { changesOf } from "./edits";
import { pathOf, type ServerId, uriOf } from "./ids";
import { lineOf, type Notice } from "./log";
import { renameElsewhere } from "./renaming";
import { running, type ServerState } from "./state";

/** After the last text is closed; starting anew takes seconds. */
const REST_MS = 5 * 60_000;
/** How long after a death it is started again: each time longer, until it has been well for a while. */
const WAITS_MS = [500, 2000, 8000, 30_000];
const WELL_MS = 60_000;
const REQUEST_MS = 15_000;

function note(server: ServerId, state: ServerState | null): void {
  const next = new Map(running.peek());
  if (state === null) next.delete(server);
  else next.set(server, state);
  running.value = next;
}

class Connection implements Transport {
  readonly client: LSPClient;
  private socket: EitherSocket | null = null;
  private handlers = new Set<(message: string) => void>();
  private waiting: string[] = [];
  /** Requests for a rename, by their ids. */
  private readonly renames = new Set<number>();
  private deaths = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly server: ServerId,
    private readonly home: string,
    private readonly folder: string,
  ) {
    this.client = new LSPClient({
      rootUri: uriOf(home, folder),
      timeout: REQUEST_MS,
      // What a server says of a program may hold whatever that program's author wrote.
      sanitizeHTML: (html) =>
        DOMPurify.sanitize(html, { USE_PROFILES: { html: true }, FORBID_TAGS: ["style", "form"] }),
      workspace: (client) => new OpenTexts(client, home, () => this.used()),
      extensions: [...languageServerExtensions(), lintGutter()],
    });
  }

  send(message: string): void {
    const { id, method } = JSON.parse(message) as { id?: number; method?: string };
    if (id !== undefined && method === "textDocument/rename") this.renames.add(id);
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(message);
    else if (this.socket?.readyState === WebSocket.CONNECTING) this.waiting.push(message);
  }

  subscribe(handler: (message: string) => void): void {
    this.handlers.add(handler);
  }

  unsubscribe(handler: (message: string) => void): void {
    this.handlers.delete(handler);
  }

  /** A text was opened or closed. */
  private used(): void {
    clearTimeout(this.timer);
    if (this.client.workspace.files.length > 0) {
      if (!this.socket) this.start();
    } else {
      this.timer = setTimeout(() => this.end(null), REST_MS);
    }
  }

  start(): void {
    this.end("starting");
    const query = new URLSearchParams({ cwd: this.folder });
    const socket = new EitherSocket(`/workspace/languages/${this.server}?${query}`);
    this.socket = socket;
    const since = Date.now();
    append(this.server, t("output.started", { time: now() }));
    socket.onopen = () => {
      for (const message of this.waiting.splice(0)) socket.send(message);
    };
    socket.onmessage = ({ data }) => {
      const message = this.received(String(data));
      for (const handler of this.handlers) handler(message);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.died(Date.now() - since);
    };
    this.client.connect(this);
    this.client.initializing.then(
      () => this.socket === socket && note(this.server, "running"),
      () => undefined,
    );
  }

  /** The client knows one of the two ways in which servers write edits, and only texts that are shown. */
  private received(message: string): string {
    const answer = JSON.parse(message) as {
      id?: number;
      method?: string;
      result?: Parameters<typeof changesOf>[0];
      params?: Notice;
    };
    const said = lineOf(answer);
    if (said !== null) append(this.server, said);
    if (answer.id === undefined || answer.method !== undefined || !this.renames.delete(answer.id))
      return message;
    if (!answer.result) return message;
    const changes = changesOf(answer.result);
    const shown = new Set(this.client.workspace.files.map(({ uri }) => uri));
    renameElsewhere(this.home, changes, shown).catch(sayError);
    return JSON.stringify({ ...answer, result: { changes } });
  }

  private died(lived: number): void {
    append(this.server, t("output.died", { time: now() }));
    if (lived > WELL_MS) this.deaths = 0;
    const wait = WAITS_MS[this.deaths++];
    this.end(wait === undefined ? "ended" : "starting");
    if (wait !== undefined && this.client.workspace.files.length > 0)
      this.timer = setTimeout(() => this.start(), wait);
  }

  again(): void {
    this.deaths = 0;
    this.start();
  }

  end(state: ServerState | null): void {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.waiting = [];
    if (socket) {
      socket.close();
      this.client.disconnect();
    }
    note(this.server, state);
  }
}

interface OpenText extends WorkspaceFile {
  views: EditorView[];
}

/** The texts that are shown, as the server knows them. */
class OpenTexts extends Workspace {
  files: OpenText[] = [];
  private versions = new Map<string, number>();

  constructor(
    client: LSPClient,
    private readonly home: string,
    private readonly used: () => void,
  ) {
    super(client);
  }

  private nextVersion(uri: string): number {
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    return version;
  }

  syncFiles() {
    const updates: { file: OpenText; prevDoc: Text; changes: ChangeSet }[] = [];
    for (const file of this.files) {
      const view = file.getView();
      const plugin = view && LSPPlugin.get(view);
      if (!plugin || plugin.unsyncedChanges.empty) continue;
      updates.push({ file, prevDoc: file.doc, changes: plugin.unsyncedChanges });
      file.doc = view.state.doc;
      file.version = this.nextVersion(file.uri);
      plugin.clear();
    }
    return updates;
  }

  openFile(uri: string, languageId: string, view: EditorView): void {
    const known = this.files.find((file) => file.uri === uri);
    if (known) {
      // It is being moved from one group to another.
      known.views.push(view);
      return;
    }
    const views = [view];
    const getView = () => views.at(-1) ?? null;
    const file = { uri, languageId, version: this.nextVersion(uri), doc: view.state.doc, views, getView };
    this.files.push(file);
    this.client.didOpen(file);
    this.used();
  }

  closeFile(uri: string, view: EditorView): void {
    const file = this.files.find((each) => each.uri === uri);
    const place = file?.views.indexOf(view) ?? -1;
    if (!file || place < 0) return;
    file.views.splice(place, 1);
    if (file.views.length > 0) return;
    this.files = this.files.filter((each) => each !== file);
    this.client.didClose(uri);
    this.used();
  }

  /** A definition in another file; those of the language itself are not in the home folder. */
  async displayFile(uri: string): Promise<EditorView | null> {
    const path = pathOf(this.home, uri);
    if (path === null) return null;
    await openFile(path);
    return viewOf(path);
  }

  updateFile(uri: string, update: Parameters<Workspace["updateFile"]>[1]): void {
    const path = pathOf(this.home, uri);
    const view = this.getFile(uri)?.getView() ?? (path === null ? null : viewOf(path));
    if (view) view.dispatch(update);
    else if (path !== null) void openFile(path).then(() => viewOf(path)?.dispatch(update));
  }
}

const connections = new Map<ServerId, Connection>();

export function clientOf(server: ServerId, home: string, folder: string): LSPClient {
  let connection = connections.get(server);
  if (!connection) {
    connection = new Connection(server, home, folder);
    connections.set(server, connection);
  }
  return connection.client;
}

/** Texts that still name it start it again when they are shown. */
export function endAll(): void {
  for (const connection of connections.values()) connection.end(null);
}

export const restart = (server: ServerId): void => connections.get(server)?.again();

export { jumpToDefinition, renameSymbol } from "@codemirror/lsp-client";
export { formatByServer } from "./formatting";
export { findReferences, references } from "./references";
