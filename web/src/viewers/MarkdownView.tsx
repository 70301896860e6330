import { useEffect, useRef } from "preact/hooks";
import { sayError } from "../app/toast";
import { openFile } from "../editor/state";
import { linkedPath, renderMarkdown } from "./markdown";

export function MarkdownView({ path, text }: { path: string; text: string }) {
  const page = useRef<HTMLElement>(null);
  useEffect(() => page.current?.replaceChildren(renderMarkdown(path, text)), [path, text]);

  function follow(event: MouseEvent) {
    const href = (event.target as Element).closest("a")?.getAttribute("href") ?? null;
    if (href === null) return;
    if (href.startsWith("#")) {
      event.preventDefault();
      const id = `md-${decodeURIComponent(href.slice(1))}`;
      page.current?.querySelector(`#${CSS.escape(id)}`)?.scrollIntoView();
      return;
    }
    const linked = linkedPath(path, href);
    if (linked === null) return;
    event.preventDefault();
    openFile(linked).catch(sayError);
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click
    // biome-ignore lint/a11y/noStaticElementInteractions: only its links are pressed
    <div class="viewer-scroll" onClick={follow}>
      <article ref={page} class="markdown" data-testid="markdown" />
    </div>
  );
}
