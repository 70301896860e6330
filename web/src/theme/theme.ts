/** Light, dark, high contrast, or what the system says. This browser's copy is what the server's own pages read. */
import { effect, signal } from "@preact/signals";
import type { Part } from "../settings/part";

export const THEMES = ["system", "light", "dark", "contrast"] as const;
export type Theme = (typeof THEMES)[number];
const KEY = "maru.theme";

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return THEMES.find((each) => each === value) ?? "system";
}

export const theme = signal<Theme>(stored());

export const themePart: Part = {
  name: "theme",
  read: () => (theme.value === "system" ? {} : { name: theme.value }),
  take: ({ name }) => {
    theme.value = THEMES.find((each) => each === name) ?? "system";
  },
};
/** Counts up whenever the colours on screen may have changed; what draws on canvases listens to it. */
export const paintCount = signal(0);

export function nextTheme(now: Theme): Theme {
  return THEMES[(THEMES.indexOf(now) + 1) % THEMES.length] as Theme;
}

/** Follows the signal for as long as the page lives. */
export function startTheme(): void {
  effect(() => {
    if (theme.value === "system") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem(KEY);
    } else {
      document.documentElement.dataset.theme = theme.value;
      localStorage.setItem(KEY, theme.value);
    }
    paintCount.value = paintCount.peek() + 1;
  });
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", () => {
      paintCount.value += 1;
    });
  }
}

/** The colour a custom property has now, as `rgb(…)`, for those that can't read CSS (the terminal). */
export function resolveColour(property: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
