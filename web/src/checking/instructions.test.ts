import { expect, test } from "vitest";
import { dockerPlace, instructionAt, stagesAbove } from "./instructions";
import { isChecked, isDockerfile } from "./which";

const TEXT = `FROM registry.localhost/base/python:3 AS build
RUN pip install \\
  # why
  flask
COPY --from=bu /x /y
  fro
# FROM a`.split("\n");
const at = (line: number, column = TEXT[line]?.length ?? 0) => dockerPlace(TEXT, line, column);

test("instructions are completed where one begins, and nowhere else", () => {
  expect(at(5)).toEqual({ kind: "instruction", from: 2 });
  expect(at(0, 2)).toEqual({ kind: "instruction", from: 0 });
  expect(dockerPlace(["ONBUILD co"], 0, 10)).toEqual({ kind: "instruction", from: 8 });
  expect(dockerPlace([""], 0, 0)).toEqual({ kind: "instruction", from: 0 });
  // In the middle of RUN, and in a comment.
  expect(at(3)).toBeNull();
  expect(at(6)).toBeNull();
  expect(at(1, 7)).toBeNull();
});

test("images are completed after FROM and --from=", () => {
  expect(at(0, 9)).toEqual({ kind: "image", from: 5 });
  expect(dockerPlace(["from --platform=linux/amd64 re"], 0, 30)).toEqual({ kind: "image", from: 28 });
  expect(at(4, 14)).toEqual({ kind: "image", from: 12 });
  expect(at(0)).toBeNull();
  expect(stagesAbove(TEXT, 4)).toEqual(["build"]);
  expect(stagesAbove(TEXT, 0)).toEqual([]);
});

test("what is under the pointer is told by its word alone", () => {
  expect(instructionAt(TEXT, 1, 1)).toEqual({ name: "RUN", from: 0, to: 3 });
  expect(instructionAt(["  copy a b"], 0, 4)).toEqual({ name: "COPY", from: 2, to: 6 });
  expect(instructionAt(TEXT, 1, 6)).toBeNull();
  expect(instructionAt(TEXT, 3, 3)).toBeNull();
});

test("which files the check reads", () => {
  for (const path of [
    "Dockerfile",
    "web/Dockerfile",
    "web/Dockerfile.dev",
    "k8s/a.yaml",
    "kustomization.yml",
  ])
    expect(isChecked(path), path).toBe(true);
  for (const path of ["web/Dockerfile.dockerignore", "web/dockerfile.txt", "web/MyDockerfile", "web/a.yaml"])
    expect(isChecked(path), path).toBe(false);
  expect(isDockerfile("k8s/a.yaml")).toBe(false);
});
