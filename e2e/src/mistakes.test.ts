/** What students of such courses really push: each mistake is in Problems, by its code and at its line, once its file is open. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launch, openFile, openIde } from "./browser.ts";
import { Client } from "./client.ts";
import { newStudent } from "./instance.ts";

const account = newStudent("mistakes");
const student = new Client(account);
const FILES = "/api/v1/workspace/files/guestbook";
const GOOD = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: nginx:1.29.3
          ports:
            - containerPort: 8080
          env:
            - name: TOKEN
              valueFrom:
                secretKeyRef:
                  name: web-token
                  key: token
          resources:
            requests:
              cpu: 10m
              memory: 16Mi
            limits:
              memory: 64Mi
---
apiVersion: v1
kind: Secret
metadata:
  name: web-token
stringData:
  token: for a test
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 80
      targetPort: 8080
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
`;
const OLD_BACKEND = "serviceName: web\n              servicePort: 80\n";
const NEW_BACKEND = /service:\n +name: web\n +port:\n +number: 80\n/;
const VOLUMES = "          volumes:\n            - name: data\n              emptyDir: {}\n";

interface Mistake {
  name: string;
  /** Each of the replacements makes the good manifest a little worse. */
  change: [from: string | RegExp, to: string][];
  code: string;
  /** Where it is said: the line that has this in it. */
  at: string;
}

const mistakes: Mistake[] = [
  {
    name: "an Ingress of v1beta1",
    change: [
      ["networking.k8s.io/v1", "networking.k8s.io/v1beta1"],
      [NEW_BACKEND, OLD_BACKEND],
    ],
    code: "ingress_old_version",
    at: "networking.k8s.io/v1beta1",
  },
  {
    name: "an Ingress of extensions",
    change: [
      ["networking.k8s.io/v1", "extensions/v1beta1"],
      [NEW_BACKEND, OLD_BACKEND],
    ],
    code: "ingress_old_version",
    at: "extensions/v1beta1",
  },
  {
    name: "a path in its backend",
    change: [
      ["- path: /\n            pathType", "- pathType"],
      ["backend:\n", "backend:\n              path: /\n"],
    ],
    code: "ingress_path_in_backend",
    at: "path: /",
  },
  {
    name: "a Secret that is not in git",
    change: [["name: web-token\nstringData", "name: another\nstringData"]],
    code: "missing_secret",
    at: "name: web-token",
  },
  { name: "a tab", change: [["      targetPort", "\t\ttargetPort"]], code: "yaml_tab", at: "targetPort" },
  {
    name: "a key twice",
    change: [["    - port: 80\n", "    - port: 80\n      port: 81\n"]],
    code: "yaml_duplicate_key",
    at: "port: 81",
  },
  {
    name: "secretKetRef",
    change: [["secretKeyRef", "secretKetRef"]],
    code: "unknown_field",
    at: "secretKetRef",
  },
  {
    name: "contianerPort",
    change: [["containerPort", "contianerPort"]],
    code: "unknown_field",
    at: "contianerPort",
  },
  {
    name: "apiVerison",
    change: [["apiVersion: v1\nkind: Service", "apiVerison: v1\nkind: Service"]],
    code: "missing_field",
    at: "apiVerison",
  },
  {
    name: "volumes in a container",
    change: [["          resources:\n", `${VOLUMES}          resources:\n`]],
    code: "misplaced_field",
    at: "volumes:",
  },
  {
    name: "a selector at odds with its template",
    change: [["      labels:\n        app: web", "      labels:\n        app: wbe"]],
    code: "selector_mismatch",
    at: "matchLabels:",
  },
  {
    name: "a Service that selects nothing",
    change: [["spec:\n  selector:\n    app: web", "spec:\n  selector:\n    app: wbe"]],
    code: "service_selects_nothing",
    at: "  selector:\n    app: wbe",
  },
  {
    name: "a Service's port at odds with the container's",
    change: [["targetPort: 8080", "targetPort: 8000"]],
    code: "target_port",
    at: "targetPort: 8000",
  },
  {
    name: "an Ingress's port at odds with the Service's",
    change: [["number: 80", "number: 8080"]],
    code: "service_port",
    at: "number: 8080",
  },
  {
    name: "an Ingress to a missing Service",
    change: [[/(service:\n +name: )web/, "$1website"]],
    code: "missing_service",
    at: "name: website",
  },
  {
    name: "hostPath",
    change: [
      [
        "              memory: 64Mi\n",
        "              memory: 64Mi\n      volumes:\n        - name: data\n          hostPath:\n            path: /data\n",
      ],
    ],
    code: "not_allowed",
    at: "hostPath:",
  },
];

/** The line, from 1, on which `piece` begins; it is there once. */
function lineOf(text: string, piece: string): number {
  const [before = "", ...after] = text.split(piece);
  expect(after.length, piece).toBe(1);
  return before.split("\n").length;
}

let browser: Browser;
let page: Page;

const write = (path: string, body: string) => student.status("PUT", `${FILES}/${path}`, { body });
const problems = (code: string) => page.getByTestId("problems").locator(`.problem[data-source="${code}"]`);

beforeAll(async () => {
  await student.workspaceReady();
  await student.status("DELETE", `${FILES}/k8s`);
  browser = await launch();
  page = await openIde(browser, account);
  await page.keyboard.press("Control+Shift+M");
  await page.getByTestId("problems").waitFor();
});

afterAll(() => browser?.close());

afterEach(async () => {
  await page.keyboard.press("Alt+w");
  await page.getByRole("tab", { name: /\.yaml/ }).waitFor({ state: "detached" });
  for (const name of ["app", "kustomization"]) await student.status("DELETE", `${FILES}/k8s/${name}.yaml`);
});

/** Opens the file, and waits for the one problem of that code: at that line, where a press leads the cursor. */
async function expectProblem(file: string, code: string, line: number): Promise<void> {
  await openFile(page, file);
  const place = problems(code).locator("button.problem-place", {
    has: page.getByText(new RegExp(`^Ln ${line}, Col \\d+$`)),
  });
  await place.waitFor({ timeout: 20_000 });
  expect(await problems(code).count()).toBe(1);
  await place.click();
  await expect.poll(() => page.locator(".status-bar").textContent()).toContain(`Ln ${line}, Col `);
}

test.each(mistakes)("$name: $code", async ({ change, code, at }) => {
  const broken = change.reduce((text, [from, to]) => {
    const next = text.replace(from, to);
    expect(next, `${from}`).not.toBe(text);
    return next;
  }, GOOD);
  await write("k8s/app.yaml", broken);
  await expectProblem("k8s/app.yaml", code, lineOf(broken, at));
});

test("a kustomization that names a missing file: kustomization_missing_file", async () => {
  await write("k8s/app.yaml", GOOD);
  await write("k8s/kustomization.yaml", "resources:\n  - app.yaml\n  - webb.yaml\n");
  await expectProblem("k8s/kustomization.yaml", "kustomization_missing_file", 3);
});
