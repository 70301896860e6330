/**
 * Forms that are sent to the API: `data-ask="METHOD /path"`. What comes after is in `data-then`: `reload`, `password`
 * (shows the one that the answer has), or an address to go to.
 */
import { ask } from "./ask";

type Field = HTMLInputElement | HTMLSelectElement;

function given(field: Field): unknown {
  if (field instanceof HTMLInputElement && field.type === "checkbox") return field.checked;
  if ("boolean" in field.dataset) return field.value === "true";
  if ("null" in field.dataset) return field.value === "" ? null : field.value;
  if ("list" in field.dataset) return field.value === "" ? [] : [field.value];
  if (field.dataset.scale !== undefined) {
    return field.value === ""
      ? null
      : Math.round(Number(field.value) * Number(field.dataset.scale) * 100) / 100;
  }
  return field.value.trim();
}

/** The JSON that a form stands for. Passwords are taken as they are typed. */
export function bodyOf(form: HTMLFormElement): Record<string, unknown> {
  const query = form.dataset.query;
  const under = form.dataset.under;
  let body: Record<string, unknown> = {};
  const outside: Record<string, unknown> = {};
  for (const field of form.querySelectorAll<Field>("input[name], select[name]")) {
    if (field.disabled || field.name === query) continue;
    if ("rest" in field.dataset) {
      body = { ...(JSON.parse(field.value || "{}") as Record<string, unknown>), ...body };
      continue;
    }
    const value = field.type === "password" ? field.value : given(field);
    if (field.name === "now") outside.now = value;
    else body[field.name] = value;
  }
  return under ? { ...outside, [under]: body } : { ...body, ...outside };
}

function show(form: HTMLFormElement, text: string) {
  const notice =
    form.querySelector<HTMLElement>("[data-form-notice]") ??
    document.querySelector<HTMLElement>("[data-notice]");
  if (!notice) return;
  notice.textContent = text;
  notice.hidden = text === "";
  if (text !== "") notice.scrollIntoView({ block: "nearest" });
}

function showPassword(answer: unknown) {
  const { login, password } = answer as { login?: string; password?: string };
  const dialog = document.querySelector<HTMLDialogElement>("[data-password]");
  const secret = dialog?.querySelector<HTMLElement>("[data-secret]");
  const name = dialog?.querySelector<HTMLElement>("[data-secret-login]");
  if (!dialog || !secret || !name || password === undefined) {
    location.reload();
    return;
  }
  name.textContent = login ?? "";
  secret.textContent = password;
  dialog.addEventListener("close", () => location.reload(), { once: true });
  dialog.showModal();
}

async function send(form: HTMLFormElement) {
  const { confirm: question, then = "reload", query } = form.dataset;
  if (question && !window.confirm(question)) return;
  const [method = "POST", path = ""] = (form.dataset.ask ?? "").split(" ");
  let address = path;
  if (query) {
    const value = form.querySelector<HTMLInputElement>(`[name="${query}"]`)?.value ?? "";
    address += `?${query}=${encodeURIComponent(value)}`;
  }
  const body = method === "DELETE" ? undefined : bodyOf(form);
  const answer = await ask(method, address, body);
  form.closest("dialog")?.close();
  if (then === "reload") location.reload();
  else if (then === "password") showPassword(answer);
  else location.assign(then);
}

export function startForms(root: Document = document): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-ask]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const buttons = [...form.querySelectorAll<HTMLButtonElement>("button")];
      for (const button of buttons) button.disabled = true;
      show(form, "");
      try {
        await send(form);
      } catch (error) {
        show(form, error instanceof Error ? error.message : String(error));
      } finally {
        for (const button of buttons) button.disabled = false;
      }
    });
  }
  for (const opener of root.querySelectorAll<HTMLElement>("[data-open]")) {
    const dialog = root.querySelector<HTMLDialogElement>(`[data-dialog="${opener.dataset.open}"]`);
    opener.addEventListener("click", () => dialog?.showModal());
    dialog?.querySelector("[data-close]")?.addEventListener("click", () => dialog.close());
  }
  root.querySelector("[data-copy]")?.addEventListener("click", () => {
    const text = root.querySelector("[data-secret]")?.textContent ?? "";
    // Where the page is not on https the text is selected instead, for Ctrl+C.
    if (navigator.clipboard) navigator.clipboard.writeText(text).catch(() => undefined);
    const secret = root.querySelector("[data-secret]");
    if (secret) getSelection()?.selectAllChildren(secret);
  });
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.textContent = at.toLocaleString(document.documentElement.lang, {
        dateStyle: "medium",
        timeStyle: "short",
      });
    }
  }
}
