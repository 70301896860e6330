/** Markdown as HTML that can do nothing: no scripts, styles, forms or frames, and links that are looked at first. */
import DOMPurify from "dompurify";
import { marked } from "marked";
import { fileUrl } from "../api/files";
import { parentOf } from "../files/tree";

/** The workspace's path that a link in `file` leads to; null where it leads out of it or to another site. */
export function linkedPath(file: string, href: string): string | null {
  if (href === "" || href.startsWith("#") || /^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith("//"))
    return null;
  let path: string;
  try {
    path = decodeURIComponent(href.replace(/[?#].*$/, ""));
  } catch {
    return null;
  }
  const parts = path.startsWith("/") ? [] : parentOf(file).split("/").filter(Boolean);
  for (const part of path.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return null;
    } else if (part !== "" && part !== ".") {
      parts.push(part);
    }
  }
  return parts.length === 0 ? null : parts.join("/");
}

/** Words of a heading as the target of a link, as GitHub makes it. */
const slugOf = (words: string): string =>
  words
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

const FORBIDDEN = ["style", "form", "button", "iframe", "object", "embed", "audio", "video"];

export function renderMarkdown(file: string, text: string): DocumentFragment {
  const made = DOMPurify.sanitize(marked.parse(text, { async: false, gfm: true }), {
    RETURN_DOM_FRAGMENT: true,
    USE_PROFILES: { html: true },
    FORBID_TAGS: FORBIDDEN,
    FORBID_ATTR: ["style", "id", "name", "srcset"],
  });
  for (const heading of made.querySelectorAll("h1, h2, h3, h4, h5, h6"))
    heading.id = `md-${slugOf(heading.textContent ?? "")}`;
  for (const box of made.querySelectorAll("input")) {
    // Of a list of tasks; it says nothing but whether it is done.
    box.disabled = true;
    box.setAttribute("aria-label", box.closest("li")?.textContent?.trim() ?? "");
  }
  for (const image of made.querySelectorAll("img")) {
    const path = linkedPath(file, image.getAttribute("src") ?? "");
    if (path !== null) image.src = fileUrl(path);
    image.loading = "lazy";
    image.referrerPolicy = "no-referrer";
  }
  for (const link of made.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noreferrer";
  }
  // Code is scrolled sideways, and what is scrolled must be reached by keys.
  for (const code of made.querySelectorAll("pre")) code.tabIndex = 0;
  return made;
}
