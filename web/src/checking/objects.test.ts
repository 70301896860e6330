import { expect, test } from "vitest";
import { describeObjects, wordsOf } from "./objects";

const TEXT = `# two objects
apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: x
  name: web
spec:
  replicas: 3
  template:
    spec:
      containers:
        - image: registry.localhost/mina/guestbook-web:1
          name: other
---

apiVersion: v1
kind: Service
metadata:
  name: "web"
spec:
  ports:
    - port: 80
--- # nothing
# only words
---
kind: Strange
`;

test("each object is found where it begins, with what is said of it", () => {
  const found = describeObjects(TEXT);
  expect(found.map(({ line, kind, name }) => [line, kind, name])).toEqual([
    [2, "Deployment", "web"],
    [17, "Service", "web"],
    [27, "Strange", ""],
  ]);
  expect(found[0]).toMatchObject({ replicas: "3", image: "guestbook-web:1" });
  expect(wordsOf(found[0] as (typeof found)[0])).toContain("guestbook-web:1");
  expect(wordsOf(found[1] as (typeof found)[0])).toContain("80");
  expect(wordsOf(found[2] as (typeof found)[0])).toBe("Strange");
});
