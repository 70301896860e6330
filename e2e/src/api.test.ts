/** The same way through the API: workspace, files, git and kubectl in the terminal, Deploy, a pod that heals. */
import { beforeAll, expect, test } from "vitest";
import { app, Client, entries } from "./client.ts";
import { eventually } from "./eventually.ts";
import { docker, instanceId, maru, newStudent } from "./instance.ts";
import { run } from "./terminal.ts";

const INDEX = "/api/v1/workspace/files/guestbook/web/index.html";

const account = newStudent("api");
const student = new Client(account);

beforeAll(() => student.workspaceReady());

test("a hundred requests at once for a workspace end in one container", async () => {
  const eager = new Client(newStudent("eager"));
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => eager.status("PUT", "/api/v1/workspace")),
  );
  expect(answers.filter((status) => status !== 200 && status !== 202)).toEqual([]);
  await eager.workspaceReady();
  const filters = [`label=maru.instance=${instanceId}`, "label=maru.role=workspace"].flatMap((f) => [
    "--filter",
    f,
  ]);
  const names = docker("ps", "--all", "--format", "{{.Names}}", ...filters).split("\n");
  expect(names.filter((name) => name.includes(eager.account.login))).toHaveLength(1);
});

test("a file is replaced only by who knows what is in it", async () => {
  const read = await student.ask("GET", INDEX);
  const etag = read.headers.get("ETag") ?? "";
  const text = await read.text();
  expect(etag).toMatch(/^"[^"]+"$/);
  const write = (ifMatch: string, body: string) =>
    student.ask("PUT", INDEX, { body, headers: { "If-Match": ifMatch } });
  const written = await write(etag, text.replace(/(id="greeting">)[^<]*/, "$1By the API"));
  expect([200, 204]).toContain(written.status);
  const conflict = await write(etag, "lost");
  expect(conflict.status).toBe(412);
  expect(conflict.headers.get("ETag")).toBe(written.headers.get("ETag"));
});

test("the terminal runs Python, pushes with git and asks the cluster, with no password typed", async () => {
  expect(await run(student, `python3 -c "print(6*7)"`)).toContain("42\nended with 0");
  const push =
    "cd ~/guestbook && git commit --quiet --allow-empty -m 'from the terminal' && git push origin main";
  expect(await run(student, push)).toContain("ended with 0");
  expect(await run(student, "kubectl get pods")).toContain("ended with 0");
});

test("the workspace has the compilers and editors of the course, and speaks UTF-8", async () => {
  // `command -v` is content with one of many: each is asked for.
  const tools = ["gcc", "javac", "vim", "nano"];
  const said = await run(
    student,
    `for t in ${tools.join(" ")}; do command -v $t || exit 1; done; locale charmap`,
  );
  expect(said).toContain("ended with 0");
  for (const tool of tools) expect(said).toMatch(new RegExp(`^/\\S+/${tool}$`, "m"));
  expect(said).toMatch(/^UTF-8$/m);
});

test("Deploy ends in an application whose entries outlive the database's pod", async () => {
  const deployment = await student.deploy("By the API");
  expect(deployment.state, JSON.stringify(deployment.steps, null, 2)).toBe("succeeded");
  expect(deployment.steps.map(({ name }) => name)).toEqual(["commit", "build", "refresh", "rollout"]);
  const url = deployment.url ?? "";
  expect(deployment.steps.at(-1)?.detail).toContain("the address answers");
  expect(new URL(url).hostname).toBe(`${account.login}.apps.localhost`);
  expect((await app(url)).body).toContain("By the API");

  const message = `entry ${Date.now()}`;
  const posted = await app(new URL("/api/entries", url).href, "POST", { author: "api", message });
  expect(posted.status, posted.body).toBe(201);
  const pod = `/k8s/api/v1/namespaces/${account.namespace}/pods/guestbook-db-0`;
  await student.json("DELETE", pod);
  await eventually("the entry is there again", 90, async () => (await entries(url)).includes(message));
});

test("what is deployed again without a change is quick and changes no pod", async () => {
  const pods = async () => {
    const path = `/k8s/api/v1/namespaces/${account.namespace}/pods`;
    const { items } = await student.json<{ items: { metadata: { uid: string } }[] }>("GET", path);
    return items.map(({ metadata }) => metadata.uid).sort();
  };
  const before = await pods();
  const deployment = await student.deploy("Again");
  expect(deployment.state, JSON.stringify(deployment.steps, null, 2)).toBe("succeeded");
  expect(await pods()).toEqual(before);
});

test("a fourth image repository is refused", async () => {
  const answer = await student.ask("POST", "/api/v1/repositories", {
    json: { name: "fourth", source: { project: "guestbook" }, context: "web", dockerfile: "Dockerfile" },
  });
  expect(answer.status).toBe(409);
  expect(((await answer.json()) as { code: string }).code).toBe("repository_limit");
});

test("staff see the class, students don't", async () => {
  expect(await new Client(maru.admin).status("GET", "/api/v1/admin/users")).toBe(200);
  expect(await new Client(maru.admin).status("GET", "/api/v1/admin/workspaces")).toBe(200);
  expect([403, 404]).toContain(await student.status("GET", "/api/v1/admin/users"));
});
