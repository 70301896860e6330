/** A Deploy that fails for a mistake in the manifests, and its fix by one press. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("mend");
const student = new Client(account);
const FILE = "/api/v1/workspace/files/guestbook/k8s/web.yaml";
const GOOD = `# 방명록 😀
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80
`;

let browser: Browser;

beforeAll(async () => {
  await student.workspaceReady();
  await student.nothingToBuild();
  expect(await student.status("PUT", FILE, { body: GOOD.replace("  ports:", "  prots:") })).toBeLessThan(300);
  browser = await launch();
});

afterAll(() => browser?.close());

test("the mistake is named, mended in the editor, and saved", async () => {
  const page = await openIde(browser, account);
  await page.getByTestId("deploy-button").click();
  const found = page.locator(".diagnostic", { hasText: "prots" }).first();
  await found.waitFor({ timeout: 90 * SECOND });
  expect(await found.locator(".diagnostic-place").textContent()).toContain("k8s/web.yaml:9:3");
  // The line is open by itself, once: not again after the page was loaded anew.
  const tab = page.getByRole("tab", { name: "web.yaml", exact: true });
  const place = await page.locator(".step .diagnostic-place:visible").first().textContent();
  const [, line, column] = place?.match(/^k8s\/web\.yaml:(\d+):(\d+)$/) ?? [];
  await expect.poll(() => page.locator(".status-bar").textContent()).toContain(`Ln ${line}, Col ${column}`);
  await tab.focus();
  await page.keyboard.press("Delete");
  await tab.waitFor({ state: "detached" });
  await page.reload();
  await found.waitFor({ timeout: 60 * SECOND });
  expect(await tab.count()).toBe(0);
  // What stops the Deploy comes first, and its code is set as code.
  expect(await page.locator(".step .diagnostic:visible").first().getAttribute("class")).toContain("error");
  expect(await found.locator("code").allTextContents()).toContain("prots");
  expect(await found.textContent()).not.toContain("`");
  await found.getByTestId("mend").click();
  await page.getByText("is changed and saved").waitFor();
  expect(await (await student.ask("GET", FILE)).text()).toBe(GOOD);
  await page.getByTestId("editor").locator(".cm-line", { hasText: "ports:" }).waitFor();
  // Once more: there is nothing left to mend, and nothing is changed.
  await found.getByTestId("mend").click();
  await page.getByText("no longer in the files").waitFor();
  expect(await (await student.ask("GET", FILE)).text()).toBe(GOOD);
  await page.context().close();
});
