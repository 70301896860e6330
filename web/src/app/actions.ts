/** The actions of the shell itself, and of the facilities that are always there. */

import { type Action, register } from "../actions/registry";
import { showShortcuts } from "../actions/Shortcuts";
import { logOut } from "../api/session";
import { deliveryActions } from "../delivery/open";
import { deployActions } from "../deploy/actions";
import { editorActions } from "../editor/actions";
import { focusEditor } from "../editor/documents";
import { active, activePath } from "../editor/state";
import { refreshTree, reveal, startNaming } from "../files/state";
import { lang, setLang } from "../i18n";
import { languageActions } from "../languages/actions";
import { openPalette } from "../palette/state";
import { projectActions } from "../projects/open";
import { scmActions } from "../scm/actions";
import { openSearch } from "../search/state";
import { showSettings } from "../settings/SettingsDialog";
import { change, settings, zoom } from "../settings/state";
import { snapshotActions } from "../snapshots/open";
import { finding } from "../terminal/FindBar";
import { activeId, activeTab, closeTerminal, newTerminal, stepTerminal, tabs } from "../terminal/state";
import { renaming } from "../terminal/TerminalBar";
import { theme } from "../theme/theme";
import { tourActions } from "../tour/actions";
import { trashActions } from "../trash/open";
import { ladderActions } from "../workspace/actions";
import { ready } from "../workspace/state";
import { toggleView } from "./ActivityBar";
import { pane, showPanel, showSide, showTerminal, showView, sizes } from "./layout";
import { VIEWS } from "./views";

function toggleTerminal(): void {
  const { terminalOpen, panel } = sizes.peek();
  const open = !terminalOpen || panel !== "terminal";
  showTerminal(open);
  pane.value = open ? "terminal" : "editor";
  if (open) requestAnimationFrame(() => activeTab.peek()?.session.focus());
  else focusEditor();
}

async function openTerminal(wanted: Parameters<typeof newTerminal>[0] = {}): Promise<void> {
  showTerminal(true);
  pane.value = "terminal";
  await newTerminal(wanted);
}

const palette: Action[] = [
  {
    id: "palette.commands",
    title: "action.commands",
    group: "action.group.go",
    keys: ["Ctrl+Shift+P", "F1"],
    run: () => openPalette(">"),
    overTerminal: true,
  },
  {
    id: "palette.files",
    title: "action.files",
    group: "action.group.go",
    keys: ["Ctrl+P"],
    run: () => openPalette(""),
  },
  {
    id: "palette.line",
    title: "find.goToLine",
    group: "action.group.go",
    keys: ["Ctrl+G"],
    run: () => openPalette(":"),
    when: () => activePath.value !== null,
  },
  {
    id: "palette.symbols",
    title: "action.symbols",
    group: "action.group.go",
    keys: ["Ctrl+Shift+O"],
    run: () => openPalette("@"),
    // The palette waits for the text of one that was opened just now.
    when: () => /^(?:loading|text)$/.test(active.value?.status ?? ""),
  },
  {
    id: "search.open",
    title: "action.search",
    group: "action.group.go",
    keys: ["Ctrl+Shift+F"],
    run: () => openSearch(),
    overTerminal: true,
  },
  {
    id: "search.replace",
    title: "action.replace",
    group: "action.group.go",
    keys: ["Ctrl+Shift+H"],
    run: () => openSearch(true),
  },
];

const files: Action[] = [
  {
    id: "files.new",
    title: "files.newFile",
    group: "files.title",
    keys: ["Ctrl+Alt+N"],
    run: () => {
      showView("files");
      return startNaming("file");
    },
    when: () => ready.value,
  },
  {
    id: "files.newFolder",
    title: "files.newFolder",
    group: "files.title",
    run: () => {
      showView("files");
      return startNaming("folder");
    },
    when: () => ready.value,
  },
  {
    id: "files.refresh",
    title: "files.refresh",
    group: "files.title",
    run: refreshTree,
    when: () => ready.value,
  },
  {
    id: "files.reveal",
    title: "action.reveal",
    group: "files.title",
    run: async () => {
      showView("files");
      const path = activePath.peek();
      if (path !== null) await reveal(path);
    },
    when: () => activePath.value !== null,
  },
];

const panels: Action[] = [
  {
    id: "problems.show",
    title: "problems.title",
    group: "action.group.view",
    keys: ["Ctrl+Shift+M"],
    run: () => showPanel("problems"),
    overTerminal: true,
  },
  {
    id: "output.show",
    title: "output.title",
    group: "action.group.view",
    keys: ["Ctrl+Shift+U"],
    run: () => showPanel("output"),
    overTerminal: true,
  },
];

const terminals: Action[] = [
  {
    id: "terminal.toggle",
    title: "action.toggleTerminal",
    group: "terminal.title",
    keys: ["Ctrl+`"],
    run: toggleTerminal,
    overTerminal: true,
  },
  {
    id: "terminal.new",
    title: "terminal.new",
    group: "terminal.title",
    keys: ["Ctrl+Shift+`"],
    run: () => openTerminal(),
    when: () => ready.value,
    overTerminal: true,
  },
  {
    id: "terminal.clean",
    title: "workspace.cleanShell",
    group: "terminal.title",
    run: () => openTerminal({ clean: true }),
    when: () => ready.value,
  },
  {
    id: "terminal.split",
    title: "terminal.split",
    group: "terminal.title",
    keys: ["Ctrl+Shift+5"],
    run: () => openTerminal({ split: true }),
    when: () => activeId.value !== null,
    overTerminal: true,
  },
  {
    id: "terminal.rename",
    title: "terminal.rename",
    group: "terminal.title",
    run: () => {
      showTerminal(true);
      pane.value = "terminal";
      renaming.value = activeId.peek();
    },
    when: () => activeId.value !== null,
  },
  {
    id: "terminal.close",
    title: "action.closeTerminal",
    group: "terminal.title",
    run: () => activeId.peek() && closeTerminal(activeId.peek() as string),
    when: () => activeId.value !== null,
  },
  {
    id: "terminal.find",
    title: "terminal.find",
    group: "terminal.title",
    keys: ["Ctrl+Alt+F"],
    run: () => {
      showTerminal(true);
      pane.value = "terminal";
      finding.value = true;
    },
    when: () => activeId.value !== null,
    overTerminal: true,
  },
  {
    id: "terminal.next",
    title: "action.nextTerminal",
    group: "terminal.title",
    keys: ["Ctrl+Alt+PageDown"],
    run: () => stepTerminal(1),
    when: () => tabs.value.length > 1,
    overTerminal: true,
  },
  {
    id: "terminal.previous",
    title: "action.previousTerminal",
    group: "terminal.title",
    keys: ["Ctrl+Alt+PageUp"],
    run: () => stepTerminal(-1),
    when: () => tabs.value.length > 1,
    overTerminal: true,
  },
];

const shell: Action[] = [
  {
    id: "side.toggle",
    title: "action.toggleSide",
    group: "action.group.view",
    keys: ["Ctrl+B"],
    run: () => showSide(!sizes.peek().sideOpen),
  },
  {
    id: "theme.system",
    title: "action.theme.system",
    group: "action.group.view",
    run: () => {
      theme.value = "system";
    },
    when: () => theme.value !== "system",
  },
  {
    id: "theme.light",
    title: "action.theme.light",
    group: "action.group.view",
    run: () => {
      theme.value = "light";
    },
    when: () => theme.value !== "light",
  },
  {
    id: "theme.dark",
    title: "action.theme.dark",
    group: "action.group.view",
    run: () => {
      theme.value = "dark";
    },
    when: () => theme.value !== "dark",
  },
  {
    id: "theme.contrast",
    title: "action.theme.contrast",
    group: "action.group.view",
    run: () => {
      theme.value = "contrast";
    },
    when: () => theme.value !== "contrast",
  },
  {
    id: "view.larger",
    title: "action.larger",
    group: "action.group.view",
    keys: ["Ctrl+Alt+="],
    run: () => zoom(1),
    overTerminal: true,
  },
  {
    id: "view.smaller",
    title: "action.smaller",
    group: "action.group.view",
    keys: ["Ctrl+Alt+-"],
    run: () => zoom(-1),
    overTerminal: true,
  },
  {
    id: "editor.wrap",
    title: "action.wrap",
    group: "editor.title",
    keys: ["Alt+Z"],
    run: () => change({ wrap: !settings.peek().wrap }),
  },
  {
    id: "editor.minimap",
    title: "action.minimap",
    group: "editor.title",
    run: () => change({ minimap: !settings.peek().minimap }),
  },
  {
    id: "app.settings",
    title: "settings.title",
    group: "action.group.help",
    keys: ["Ctrl+,"],
    run: showSettings,
    overTerminal: true,
  },
  {
    id: "lang.ko",
    title: "action.korean",
    group: "app.language",
    run: () => setLang("ko"),
    when: () => lang.value !== "ko",
  },
  {
    id: "lang.en",
    title: "action.english",
    group: "app.language",
    run: () => setLang("en"),
    when: () => lang.value !== "en",
  },
  {
    id: "app.keys",
    title: "keys.title",
    group: "action.group.help",
    keys: ["Ctrl+Alt+K"],
    run: showShortcuts,
  },
  {
    id: "network.test",
    title: "network.title",
    group: "action.group.help",
    run: () => void window.open("/network", "_blank", "noopener"),
  },
  {
    id: "app.logout",
    title: "app.logout",
    group: "app.menu",
    run: () => logOut().then(() => location.assign("/login")),
  },
];

export function startActions(): void {
  const views: Action[] = VIEWS.map(({ id, title, keys = [] }) => ({
    id: `view.${id}`,
    title,
    group: "action.group.view",
    keys,
    run: () => toggleView(id),
    overTerminal: true,
  }));
  register(
    ...palette,
    ...editorActions,
    ...files,
    ...views,
    ...shell,
    ...panels,
    ...terminals,
    ...deployActions,
    ...deliveryActions,
    ...languageActions,
    ...scmActions,
    ...ladderActions,
    ...snapshotActions,
    ...tourActions,
    ...projectActions,
    ...trashActions,
  );
}
