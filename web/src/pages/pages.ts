/** The little that the server-rendered pages do by themselves: language, theme, log out, forms, and the admin's table. */
import "./pages.css";
import { startAdmin } from "./admin";
import { startForms } from "./forms";
import { labelNumbers } from "./labels";
import { showTimes, startLive, startLogs } from "./live";
import { startRoster } from "./roster";

const theme = localStorage.getItem("maru.theme");
if (theme === "light" || theme === "dark" || theme === "contrast")
  document.documentElement.dataset.theme = theme;

const YEAR_SECONDS = 31_536_000;

for (const button of document.querySelectorAll<HTMLElement>("[data-lang]")) {
  button.addEventListener("click", () => {
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing on plain http
    document.cookie = `maru_lang=${button.dataset.lang}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
    location.reload();
  });
}

document.querySelector("[data-logout]")?.addEventListener("click", async () => {
  await fetch("/api/v1/session", { method: "DELETE", headers: { "X-Maru-CSRF": "1" } });
  location.assign("/login");
});

startForms();
const roster = document.querySelector<HTMLFormElement>("form[data-roster]");
if (roster) startRoster(roster);

const network = document.querySelector<HTMLElement>("[data-network]");
if (network) void import("./network").then(({ startNetwork }) => startNetwork(network));

const table = document.querySelector<HTMLElement>("[data-admin]");
if (table) startAdmin(table);

showTimes(document);
labelNumbers(document);
const live = document.querySelector<HTMLElement>("[data-live]");
if (live) startLive(live);
const logs = document.querySelector<HTMLElement>("[data-logs]");
if (logs) void startLogs(logs).catch(() => undefined);
