/** The few keys that belong to the page wherever the focus is. */
import { focusEditor } from "../editor/documents";
import { activePath, save } from "../editor/state";
import { activeTab } from "../terminal/state";
import { pane, showTerminal, sizes } from "./layout";
import { sayError } from "./toast";

export function startKeys(): void {
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.code === "KeyS") {
      // The browser would save the page.
      event.preventDefault();
      const path = activePath.peek();
      if (path !== null) save(path).catch(sayError);
    }
    if (event.ctrlKey && event.code === "Backquote") {
      event.preventDefault();
      const open = !sizes.peek().terminalOpen;
      showTerminal(open);
      pane.value = open ? "terminal" : "editor";
      if (open) requestAnimationFrame(() => activeTab.peek()?.session.focus());
      else focusEditor();
    }
  });
}
