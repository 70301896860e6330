import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { placeAt } from "./place";
import { Schema, valuesOf } from "./schema";

const schema = new Schema(readFileSync("../crates/manifest/schema/kubernetes.txt", "utf8"));
const TEXT = `apiVersion: v1
kind: Service
---
# a comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: a:1
          ports:
            - containerPort: 80
              
            - name: x
          env:
          - name: A
            value: "1"
          
  repl
`.split("\n");
const at = (index: number, column = (TEXT[index] ?? "").length) => placeAt(TEXT, index, column);

describe("a place in YAML", () => {
  it("is known by its indentation, within its own object", () => {
    expect(at(22)).toMatchObject({
      kind: "Deployment",
      apiVersion: "apps/v1",
      path: ["spec"],
      under: null,
    });
    expect([...(at(22)?.siblings ?? [])]).toEqual(["template"]);
    expect(at(16)?.path).toEqual(["spec", "template", "spec", "containers", "ports"]);
    expect([...(at(16)?.siblings ?? [])]).toEqual(["containerPort"]);
    expect(at(21)?.path).toEqual(["spec", "template", "spec", "containers"]);
    expect([...(at(21)?.siblings ?? [])].sort()).toEqual(["env", "image", "name", "ports"]);
    expect(at(20)).toMatchObject({
      path: ["spec", "template", "spec", "containers", "env"],
      under: "value",
    });
    expect(at(1, 6)).toMatchObject({ kind: "Service", under: "kind", path: [] });
    expect(at(2)).toBeNull();
  });

  it("has the fields that the checker knows", () => {
    const names = (index: number) => {
      const place = at(index);
      return place && schema.fieldsAt(place.apiVersion, place.kind, place.path)?.map(({ name }) => name);
    };
    expect(names(22)).toContain("replicas");
    expect(names(16)).toContain("protocol");
    expect(names(21)).toContain("readinessProbe");
    expect(schema.fieldsAt("apps/v1", "Deployment", ["metadata", "labels"])).toBeNull();
    expect(schema.fieldsAt("x/v1", "None", [])).toBeNull();
    const type = schema.fieldsAt("v1", "Service", ["spec"])?.find(({ name }) => name === "type");
    expect(valuesOf(type?.kind ?? "")).toContain("ClusterIP");
    expect(schema.objectKinds()).toContainEqual({ apiVersion: "apps/v1", kind: "Deployment" });
  });
});
