/** Source control beyond a commit: who wrote a line, conflicts of a merge settled in the page, and what pull and push say. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openIde, SECOND } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";
import { run } from "./terminal.ts";

const account = newStudent("scm");
const student = new Client(account);
const FILE = "/api/v1/workspace/files/guestbook/notes.txt";
let browser: Browser;
let page: Page;

const testId = (id: string) => page.getByTestId(id);
const entry = (group: string, path: string) =>
  testId("scm").locator(`[data-group="${group}"] [data-path="${path}"]`);
const read = async (): Promise<string> => (await student.ask("GET", FILE)).text();
const good = async (line: string): Promise<void> => {
  expect(await run(student, `cd ~/guestbook && ${line}`), line).toContain("ended with 0");
};

/** Somebody else's commit, pushed from another clone; and one here of the same lines. */
async function bothChange(theirs: string, mine: string): Promise<void> {
  await good(
    [
      "rm -rf ~/other && git clone --quiet $(git remote get-url origin) ~/other",
      `printf '${theirs}' > ~/other/notes.txt`,
      "git -C ~/other -c user.name=Haneul -c user.email=h@example.org commit --quiet --all --message 'Their notes'",
      "git -C ~/other push --quiet",
      `printf '${mine}' > notes.txt`,
      "git commit --quiet --all --message 'My notes'",
    ].join(" && "),
  );
}

beforeAll(async () => {
  await student.workspaceReady();
  await good(
    "printf 'one\\ntwo\\nthree\\n' > notes.txt && git add notes.txt && git commit --quiet --message 'Notes' && git push --quiet",
  );
  browser = await launch();
  page = await openIde(browser, account);
  await testId("activity-scm").click();
  await testId("scm").getByText("Nothing has changed since the last commit.").waitFor();
}, 240 * SECOND);
afterAll(() => browser?.close());

test("a pull with a conflict says so, and the file shows both versions", async () => {
  await bothChange("one\\ntheir two\\nthree\\n", "one\\nmy two\\nthree\\n");
  await testId("scm-pull").click();
  await page
    .getByText("The same lines were changed on both sides.")
    .first()
    .waitFor({ timeout: 30 * SECOND });
  await testId("scm-merging").waitFor();
  expect(await testId("scm-commit").isDisabled()).toBe(true);
  await entry("conflict", "notes.txt").locator(".scm-entry-name").click();
  const merge = testId("merge");
  await merge.getByText("Conflicts left: 1").waitFor();
  await merge.locator(".merge-ours", { hasText: "my two" }).waitFor();
  await merge.locator(".merge-theirs", { hasText: "their two" }).waitFor();
  expect(await testId("merge-resolve").isDisabled()).toBe(true);
});

test("both versions are kept, it is settled, and the merge is committed and pushed", async () => {
  await testId("merge-choices").locator('[data-choice="both"]').click();
  await testId("merge").getByText("No conflict is left.").waitFor();
  await testId("merge-resolve").click();
  await page.getByText("notes.txt is settled and staged.").waitFor();
  expect(await read()).toBe("one\nmy two\ntheir two\nthree\n");
  await testId("scm-merging").getByText("All conflicts are settled: commit to finish the merge.").waitFor();
  expect(await testId("scm-message").inputValue()).toBe("Merge");
  await testId("scm-commit").click();
  await testId("scm-merging").waitFor({ state: "detached" });
  await testId("scm-push").click();
  await page.getByText("Pushed: 2 commits on main.").waitFor({ timeout: 30 * SECOND });
  await testId("scm-push").click();
  await page.getByText("There was nothing to push.").waitFor({ timeout: 30 * SECOND });
});

test("one side is taken whole, and a merge is given up", async () => {
  await bothChange("one\\nagain theirs\\n", "one\\nagain mine\\n");
  await testId("scm-pull").click();
  await testId("scm-merging").waitFor({ timeout: 30 * SECOND });
  await testId("scm-merging").getByRole("button", { name: "Give up the merge" }).click();
  await page.getByText("All is as it was before the merge.").waitFor();
  expect(await read()).toBe("one\nagain mine\n");

  await testId("scm-pull").click();
  await entry("conflict", "notes.txt").locator(".scm-entry-name").click();
  await testId("merge-whole-theirs").click();
  await page.getByRole("dialog").getByRole("button", { name: "Theirs, the whole file" }).click();
  // The tab goes once it is done; what was said before may still be there.
  await testId("merge").waitFor({ state: "detached" });
  expect(await read()).toBe("one\nagain theirs\n");
  await testId("scm-commit").click();
  await testId("scm-merging").waitFor({ state: "detached" });
});

test("a file that one side deleted is settled by taking a side", async () => {
  await good("git push --quiet && git rm --quiet notes.txt && git commit --quiet --message 'No notes'");
  await good(
    "git -C ~/other pull --quiet && echo more >> ~/other/notes.txt && git -C ~/other -c user.name=Haneul -c user.email=h@example.org commit --quiet --all --message 'More notes' && git -C ~/other push --quiet",
  );
  await testId("scm-pull").click();
  await entry("conflict", "notes.txt").waitFor({ timeout: 30 * SECOND });
  const resolve = (side: string) =>
    student.status("POST", "/api/v1/workspace/git/resolve", { json: { path: "notes.txt", side } });
  expect(await resolve("ours")).toBe(204);
  expect(await student.status("GET", FILE)).toBe(404);
  expect(await resolve("theirs")).toBe(404);
  await good("git commit --quiet --no-edit && git push --quiet");
});

test("a pull says what came", async () => {
  await good(
    "git -C ~/other pull --quiet && printf 'a\\nb\\n' > ~/other/blamed.txt && git -C ~/other add blamed.txt",
  );
  await good(
    "git -C ~/other -c user.name=Haneul -c user.email=h@example.org commit --quiet --message 'Something to blame' && git -C ~/other push --quiet",
  );
  await testId("scm-pull").click();
  await page.getByText("Pulled: 1 commits, 1 files changed.").waitFor({ timeout: 30 * SECOND });
});

test("beside each line stands who wrote it, and its commit is a press away", async () => {
  await good("printf 'a\\nmine\\n' > blamed.txt");
  const blame = await student.json<{
    commits: Record<string, { author: string; uncommitted: boolean; subject: string }>;
    lines: { commit: string; text: string }[];
  }>("GET", "/api/v1/workspace/git/blame?path=blamed.txt");
  const of = blame.lines.map(({ commit, text }) => [blame.commits[commit]?.author, text]);
  expect(of[0]).toEqual(["Haneul", "a"]);
  expect(blame.commits[blame.lines[1]?.commit ?? ""]?.uncommitted).toBe(true);
  expect(await student.status("GET", "/api/v1/workspace/git/blame?path=nothing.txt")).toBe(404);

  await entry("unstaged", "blamed.txt").locator(".scm-entry-name").click();
  await testId("diff").getByRole("button", { name: "Who wrote this" }).click();
  const view = testId("blame");
  await view.locator(".blame-commit", { hasText: "Haneul" }).waitFor();
  await view.locator(".blame-new", { hasText: "not committed" }).waitFor();
  await view.locator(".blame-commit").first().click();
  await testId("commit").getByText("Something to blame").first().waitFor();
});

test("on another branch it is told that main is deployed", async () => {
  await good("git switch --quiet --create trial");
  await testId("scm-elsewhere").getByText("You are on trial. Deploy takes what is on main").waitFor();
  await testId("scm-push").click();
  await page.getByText("Pushed: trial is at the project now.").waitFor({ timeout: 30 * SECOND });
  await good("git switch --quiet main");
  await testId("scm-elsewhere").waitFor({ state: "detached" });
});
