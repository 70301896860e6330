/** Help while somebody writes: the check of manifests, and a real language server of the workspace. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openFile, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, newStudent } from "./instance.ts";

const account = newStudent("assist");
const student = new Client(account);
const container = `maru-${instanceId}-ws-${account.login}`;
const FILES = "/api/v1/workspace/files";
const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80
`;
const PYTHON = `import os


def greet(name):
    """Says hello to somebody."""
    return "hello " + name


greet("x")
`;

let browser: Browser;
let page: Page;

const testId = (id: string) => page.getByTestId(id);
const write = (path: string, body: string) => student.status("PUT", `${FILES}/guestbook/${path}`, { body });
const read = async (path: string) => (await student.ask("GET", `${FILES}/guestbook/${path}`)).text();
const line = (text: string) => page.locator(".cm-line:visible", { hasText: text }).first();

beforeAll(async () => {
  await student.workspaceReady();
  // A kustomization would leave out what it does not name.
  await student.status("DELETE", `${FILES}/guestbook/k8s`);
  await write("k8s/extra.yaml", SERVICE.replace("ports:", "prots:"));
  await write("tools/hello.py", PYTHON);
  await write("tools/use.py", "from hello import greet\n\nprint(greet(1))\n");
  browser = await launch();
  page = await openIde(browser, account);
});

afterAll(() => browser?.close());

describe("a manifest in the editor", () => {
  test("has its objects explained, its mistakes marked, and mended by one press", async () => {
    await openFile(page, "k8s/extra.yaml");
    await page.locator(".cm-object-words", { hasText: "one address inside the cluster" }).waitFor();
    const mark = page.locator(".cm-lintRange-error", { hasText: "prots" });
    await mark.waitFor({ timeout: 20 * SECOND });
    await testId("problem-count").waitFor();
    await mark.hover();
    await page
      .getByRole("button", { name: /Make this fix/ })
      .first()
      .click();
    await line("ports:").waitFor();
    await mark.waitFor({ state: "detached", timeout: 20 * SECOND });
    // Nothing was saved by that.
    expect(await read("k8s/extra.yaml")).toContain("prots:");
    await page.keyboard.press("Control+s");
    await expect.poll(() => read("k8s/extra.yaml")).toContain("  ports:");
  });

  test("completes fields and values, and says what a field holds", async () => {
    await line("selector:").getByText("selector").hover();
    await page.locator(".cm-field-words", { hasText: "Service.spec.selector" }).waitFor();
    await line("selector:").click();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("End");
    await page.keyboard.type("  typ");
    // By the mouse: a list takes no key in its first 75 ms (so that none is taken by surprise).
    const take = (label: string) =>
      page.locator(".cm-tooltip-autocomplete li", { hasText: label }).first().click();
    await take("type");
    await page.keyboard.type("Clus");
    await take("ClusterIP");
    await line("type: ClusterIP").waitFor();
  });

  test("speaks the other language at once", async () => {
    await page.keyboard.press("F1");
    await page.keyboard.type("한국어");
    await page.keyboard.press("Enter");
    await page.locator(".cm-object-words", { hasText: "클러스터 안 주소" }).waitFor();
    await page.keyboard.press("F1");
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText(">english");
    await page.keyboard.press("Enter");
    await page.locator(".cm-object-words", { hasText: "one address" }).waitFor();
  });
});

describe("a Dockerfile in the editor", () => {
  const BASE = "registry.localhost/base/python:3";

  test("has its mistakes marked, and mended by one press", async () => {
    await write("tools/Dockerfile", `FORM ${BASE}\nCOPY Hello.py .\nCMD ['python', 'hello.py']\n`);
    await openFile(page, "tools/Dockerfile");
    const errors = page.locator(".cm-lintRange-error:visible");
    await expect.poll(() => errors.count(), { timeout: 30 * SECOND }).toBe(3);
    for (const [wrong, right] of [
      ["FORM", `FROM ${BASE}`],
      ["Hello.py", "COPY hello.py ."],
      ["'python'", 'CMD ["python", "hello.py"]'],
    ] as const) {
      await errors.filter({ hasText: wrong }).first().hover();
      await page
        .getByRole("button", { name: /Make this fix/ })
        .first()
        .click();
      await line(right).waitFor();
      // The list of fixes goes with the mark, and is not in the way of the next.
      await page.mouse.move(0, 0);
      await errors.filter({ hasText: wrong }).waitFor({ state: "detached", timeout: 20 * SECOND });
    }
    await page.keyboard.press("Control+s");
    await expect.poll(() => read("tools/Dockerfile")).toContain("COPY hello.py .");
  });

  test("completes instructions and the class's images, and says what each is for", async () => {
    await line("FROM").getByText("FROM").hover();
    const words = page.locator(".cm-field-words", { hasText: "The image to start from" });
    await words.waitFor();
    await page.mouse.move(0, 0);
    await words.waitFor({ state: "detached" });
    await line("CMD").click();
    await page.keyboard.press("Control+End");
    const take = (label: string) =>
      page.locator(".cm-tooltip-autocomplete li", { hasText: label }).first().click();
    await page.keyboard.type("fr");
    await take("FROM");
    await page.keyboard.type("regis");
    await take("registry.localhost/base/nginx:1");
    await line("FROM registry.localhost/base/nginx:1").waitFor();
  });

  test("is in the list of all problems, opened or not", async () => {
    await write("other/Dockerfile", "FROM registry.localhost/base/pyhton:3\n");
    const { ok, diagnostics } = await student.json<{
      ok: boolean;
      diagnostics: { code: string; file: string; line: number; column: number; edits: { text: string }[] }[];
    }>("POST", "/api/v1/check");
    expect(ok).toBe(false);
    expect(diagnostics.find(({ file }) => file === "other/Dockerfile")).toMatchObject({
      code: "base_missing",
      line: 1,
      column: 6,
      edits: [{ text: BASE }],
    });
    await student.status("DELETE", `${FILES}/guestbook/other`);
    await student.status("DELETE", `${FILES}/guestbook/tools/Dockerfile`);
  });
});

describe("a language server", () => {
  beforeAll(() => {
    docker(
      "exec",
      "--env",
      "HOME=/home/student",
      container,
      "pip",
      "install",
      "--quiet",
      "--user",
      "autopep8",
    );
  });

  test("starts with the first file, marks, completes, explains, and leads to the definition", async () => {
    await openFile(page, "tools/use.py");
    await page
      .locator('[data-testid="language-state"][data-state="running"]')
      .waitFor({ timeout: 60 * SECOND });
    await line("print(").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("import os\nos.path.isd");
    await page
      .locator(".cm-tooltip-autocomplete li", { hasText: "isdir" })
      .first()
      .waitFor({ timeout: 30 * SECOND });
    await page.keyboard.press("Escape");
    await page.keyboard.type("ir(nowhere)");
    await page.locator(".cm-lintRange", { hasText: "nowhere" }).waitFor({ timeout: 30 * SECOND });
    await line("print(greet").getByText("greet", { exact: true }).hover();
    await page
      .locator(".cm-tooltip", { hasText: "Says hello to somebody" })
      .waitFor({ timeout: 30 * SECOND });
    await line("print(greet").getByText("greet", { exact: true }).click();
    await page.keyboard.press("F12");
    await page.getByRole("tab", { name: "hello.py", selected: true }).waitFor({ timeout: 30 * SECOND });
  });

  test("lists where a name is used, also in files that are not open", async () => {
    await write("tools/more.py", "import hello\n\n\nhello.greet('가나다')\n");
    await line("def greet").getByText("greet").click();
    const list = testId("references");
    await eventually("the list is there", 30, async () => {
      await page.keyboard.press("Shift+F12");
      return list.isVisible();
    });
    await list.locator('.reference[data-path="guestbook/tools/more.py"]', { hasText: "가나다" }).waitFor();
    await list.locator('.reference[data-path="guestbook/tools/use.py"]').first().waitFor();
    const all = await list.locator(".reference").allInnerTexts();
    // The definition and the call here; the import and the call there; the call in the file that is closed.
    expect(all.length).toBe(5);
    // By keys alone: to the last, and there.
    await page.keyboard.press("End");
    const last = await page.evaluate(() => document.activeElement?.getAttribute("data-path"));
    await page.keyboard.press("Enter");
    await page.getByRole("tab", { name: (last ?? "").split("/").at(-1) ?? "", selected: true }).waitFor();
    await page.getByRole("tab", { name: /^hello\.py/ }).click();
    await list.getByRole("button", { name: "Close" }).click();
    await list.waitFor({ state: "detached" });

    // The palette has it too.
    await line("def greet").getByText("greet").click();
    await page.keyboard.press("F1");
    await page.keyboard.type("all references");
    await page.locator('[data-id="language.findReferences"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
    await list.waitFor();
    await page.keyboard.press("Escape");
    await list.waitFor({ state: "detached" });
    await student.status("DELETE", `${FILES}/guestbook/tools/more.py`);
  });

  test("formats the file, with what is installed for it", async () => {
    await write("tools/loose.py", "import os\ndef f( a,b ):\n    return a+b\n");
    await openFile(page, "tools/loose.py");
    await line("def f(").click();
    // Until the server has the text, what needs no server is asked, which leaves Python alone.
    await eventually("it is formatted", 30, async () => {
      await page.keyboard.press("Alt+Shift+F");
      return page.locator(".cm-line:visible", { hasText: "def f(a, b):" }).isVisible();
    });
    await page.keyboard.press("Control+z");
    await line("def f( a,b ):").waitFor();
    await page.getByRole("tab", { name: /^hello\.py/ }).click();
    await student.status("DELETE", `${FILES}/guestbook/tools/loose.py`);
  });

  test("renames in the whole project, and takes it back where nothing is shown", async () => {
    await line("def greet").getByText("greet").click();
    const field = page.locator(".cm-panel input, .cm-dialog input").first();
    // A text shown just now gets the server's keys in a moment.
    await eventually("the name is asked for", 30, async () => {
      await page.keyboard.press("F2");
      return field.isVisible();
    });
    await field.fill("welcome");
    await page.keyboard.press("Enter");
    await line("def welcome").waitFor({ timeout: 30 * SECOND });
    await line('welcome("x")').waitFor();
    // The other file is open, unsaved, behind this one.
    await page.getByRole("tab", { name: /^use\.py/ }).click();
    await line("from hello import welcome").waitFor();
    await line("print(welcome(1))").waitFor();
    await page.getByRole("tab", { name: /^hello\.py/ }).click();
  });

  test("is started again when it dies, and ends when it is switched off", async () => {
    const inside = (command: string) => docker("exec", container, "sh", "-c", command);
    const find = "pgrep -x pylsp || true";
    const before = inside(find);
    expect(before).not.toBe("");
    inside("pkill -KILL -x pylsp");
    await eventually("another one is there", 30, async () => !["", before].includes(inside(find)));
    await page
      .locator('[data-testid="language-state"][data-state="running"]')
      .waitFor({ timeout: 30 * SECOND });
    await line("def ").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("os.getc");
    await page
      .locator(".cm-tooltip-autocomplete li", { hasText: "getcwd" })
      .first()
      .waitFor({ timeout: 30 * SECOND });
    await page.keyboard.press("Escape");

    await page.keyboard.press("Control+,");
    await testId("settings")
      .getByLabel(/Language servers/)
      .uncheck();
    await page.keyboard.press("Escape");
    await testId("language-state").waitFor({ state: "detached" });
  });

  test("says how one that is missing is installed", async () => {
    const { languages } = await student.json<{
      languages: { id: string; program: string | null; install: string }[];
    }>("GET", "/api/v1/workspace/languages");
    const of = (id: string) => languages.find((each) => each.id === id);
    expect(of("python")?.program).toBe("pylsp");
    expect(of("typescript")).toMatchObject({ program: null });
    expect(of("typescript")?.install).toContain("npm install");
  });
});
