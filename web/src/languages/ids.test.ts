import { expect, test } from "vitest";
import { pathOf, serverOf, uriOf } from "./ids";

test("a file's server is known by its name", () => {
  expect(serverOf("api/app.py")).toEqual({ server: "python", language: "python" });
  expect(serverOf("web/App.TSX")).toEqual({ server: "typescript", language: "typescriptreact" });
  for (const other of ["README.md", "py", "k8s/web.yaml", "Dockerfile"]) expect(serverOf(other)).toBeNull();
});

test("a file's address leads back to it, and others lead nowhere", () => {
  const path = "guestbook/그림 #1/a.py";
  expect(uriOf("/home/student", path)).toMatch(/^file:\/\/\/home\/student\/guestbook\/[%\w]+%20%231\/a.py$/);
  expect(pathOf("/home/student", uriOf("/home/student", path))).toBe(path);
  expect(pathOf("/home/student", "file:///usr/lib/python3/os.py")).toBeNull();
  expect(pathOf("/home/student", "untitled:x")).toBeNull();
});
