/** A class list: shown as it would be imported, and then imported. */
import { ask } from "./ask";

interface Row {
  row: number;
  login: string;
  name: string;
  result: string;
  password?: string;
  detail?: string;
}

interface Answer {
  counts: Record<string, number>;
  results: Row[];
}

const TONES: Record<string, string> = { created: "good", added: "good", unchanged: "", error: "bad" };

/** New passwords, to be kept. The mark in front lets Excel read it as UTF-8. */
export function csvOf(rows: Row[]): string {
  // What a spreadsheet would take for a formula is text.
  const cell = (text: string) => `"${text.replace(/^[=+\-@\t]/, "'$&").replaceAll('"', '""')}"`;
  const lines = rows
    .filter((row) => row.password !== undefined)
    .map((row) => [row.login, row.name, row.password ?? ""].map(cell).join(","));
  return `\uFEFF${[["login", "name", "password"].map(cell).join(","), ...lines].join("\r\n")}\r\n`;
}

export function startRoster(form: HTMLFormElement): void {
  const part = <T extends Element>(of: ParentNode, selector: string): T => {
    const found = of.querySelector<T>(selector);
    if (!found) throw new Error(`the page lacks ${selector}`);
    return found;
  };
  const field = part<HTMLInputElement>(form, "[name=file]");
  const importing = part<HTMLButtonElement>(form, "[data-import]");
  const saving = part<HTMLButtonElement>(form, "[data-save]");
  const result = part<HTMLElement>(document, "[data-roster-result]");
  const says = part<HTMLElement>(document, "[data-roster-says]");
  const body = part<HTMLElement>(document, "[data-roster-rows]");
  const notice = part<HTMLElement>(document, "[data-notice]");
  let imported: Row[] = [];
  const word = (name: string) => form.dataset[`word${name[0]?.toUpperCase()}${name.slice(1)}`] ?? name;

  function show({ counts, results }: Answer, done: boolean) {
    const numbers = Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${word(name)} ${count}`);
    says.textContent = [word(done ? "done" : "plan"), ...numbers].join(" · ");
    body.replaceChildren(
      ...results.map((row) => {
        const line = document.createElement("tr");
        for (const text of [`${row.row}`, row.login, row.name]) line.insertCell().textContent = text;
        const state = line.insertCell();
        state.className = "wrap";
        const pill = document.createElement("span");
        pill.className = `pill ${TONES[row.result] ?? ""}`;
        pill.textContent = word(row.result);
        state.append(pill);
        if (row.detail) state.append(` ${row.detail}`);
        const secret = document.createElement("code");
        secret.textContent = row.password ?? "";
        line.insertCell().append(secret);
        return line;
      }),
    );
    result.hidden = false;
    importing.hidden = done || (counts.created ?? 0) + (counts.added ?? 0) === 0;
    saving.hidden = !done || (counts.created ?? 0) === 0;
  }

  async function send(dryRun: boolean) {
    const file = field.files?.[0];
    if (!file) return;
    notice.hidden = true;
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    try {
      const answer = (await ask(
        "POST",
        `${form.dataset.roster}${dryRun ? "?dry_run=1" : ""}`,
        file,
      )) as Answer;
      if (!dryRun) imported = answer.results;
      show(answer, !dryRun);
    } catch (error) {
      notice.textContent = error instanceof Error ? error.message : String(error);
      notice.hidden = false;
    } finally {
      for (const button of form.querySelectorAll("button")) button.disabled = false;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(true);
  });
  field.addEventListener("change", () => {
    importing.hidden = true;
    saving.hidden = true;
  });
  importing.addEventListener("click", () => void send(false));
  saving.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csvOf(imported)], { type: "text/csv" }));
    link.download = "passwords.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
