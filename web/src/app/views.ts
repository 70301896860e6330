/**
 * The views at the side, in the order of the activity bar. A new one is one line here; each is loaded when it is
 * first looked at, and stays as it was while another is shown.
 */
import type { ComponentType } from "preact";
import { FileTree } from "../files/FileTree";
import type { Key } from "../i18n";
import { ports } from "../ports/state";
import { changeCount } from "../scm/state";
import type { IconName } from "./icons";

export interface View {
  /** Kept in the layout that the browser remembers. */
  id: string;
  title: Key;
  icon: IconName;
  keys?: readonly string[];
  /** A number at its icon, where there is something to see; read inside a view, so it may use signals. */
  badge?: () => number;
  /** A component that shows at once, or the loading of one that is not in the first load. */
  view: ComponentType | (() => Promise<ComponentType>);
  lazy: boolean;
}

export const VIEWS: readonly View[] = [
  { id: "files", title: "files.title", icon: "folder", keys: ["Ctrl+Shift+E"], view: FileTree, lazy: false },
  {
    id: "search",
    title: "search.title",
    icon: "search",
    view: () => import("../search/SearchView").then((module) => module.SearchView),
    lazy: true,
  },
  {
    id: "scm",
    title: "scm.title",
    icon: "branch",
    keys: ["Ctrl+Shift+G"],
    badge: () => changeCount.value,
    view: () => import("../scm/ScmView").then((module) => module.ScmView),
    lazy: true,
  },
  {
    id: "ports",
    title: "ports.title",
    icon: "plug",
    badge: () => ports.value.length,
    view: () => import("../ports/PortsView").then((module) => module.PortsView),
    lazy: true,
  },
];

export const viewOf = (id: string): View => VIEWS.find((view) => view.id === id) ?? (VIEWS[0] as View);
