import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../api/types";
import { keysWanted, secretWanted } from "./secret";

const found = (code: string, message: string, fix?: string): Diagnostic => ({
  severity: "warning",
  code,
  message,
  ...(fix === undefined ? {} : { fix }),
});

// As crates/manifest/src/references.rs and the kubelet say it.
const MAIL = found("missing_secret", "There is no Secret `mail` (key `password`) in this deployment");

describe("the Secret that a finding wants", () => {
  it("is named in either language, with its key where there is one", () => {
    const wanted = { name: "mail", key: "password" };
    expect(secretWanted(MAIL)).toEqual(wanted);
    expect(
      secretWanted(found("missing_secret", "이 배포에는 Secret `mail` (키 `password`) 이(가) 없습니다")),
    ).toEqual(wanted);
    expect(secretWanted(found("missing_secret", "There is no Secret `tls` in this deployment"))).toEqual({
      name: "tls",
      key: "",
    });
    const same = found("missing_secret", "There is no Secret `password` (key `password`) in this deployment");
    expect(secretWanted(same)).toEqual({ name: "password", key: "password" });
  });

  it("is in the fix where the Secret is there and the key is not", () => {
    for (const fix of [
      "Enter the key `user` of the Secret `mail` on the app page, or write a key that it has",
      "앱 페이지에서 Secret `mail` 의 키 `user` 을(를) 입력하거나, 있는 키를 쓰세요",
    ])
      expect(secretWanted(found("missing_key", "…", fix))).toEqual({ name: "mail", key: "user" });
    expect(secretWanted(found("missing_key", "…", "Write `key: password`"))).toBeNull();
    expect(secretWanted(found("missing_key", "…"))).toBeNull();
  });

  it("is in the words of the kubelet", () => {
    const said = (words: string) =>
      secretWanted(found("container_config", `The container \`web\` cannot be set up: ${words}`));
    expect(said('secret "mail" not found')).toEqual({ name: "mail", key: "" });
    expect(said("couldn't find key user in Secret u-mina/mail")).toEqual({ name: "mail", key: "user" });
    expect(said('configmap "mail" not found')).toBeNull();
    expect(said("couldn't find key user in ConfigMap u-mina/mail")).toBeNull();
  });

  it("is left open where a name could be misread", () => {
    const odd = found("missing_secret", "There is no Secret `a`b` (key `c`) in this deployment");
    expect(secretWanted(odd)).toEqual({ name: "", key: "" });
    expect(secretWanted(found("missing_secret", "Other words"))).toEqual({ name: "", key: "" });
    expect(secretWanted(found("missing_object", "There is no Service `web` in this deployment"))).toBeNull();
  });
});

it("collects the keys of one Secret, each once", () => {
  const user = found("missing_secret", "There is no Secret `mail` (key `user`) in this deployment");
  const other = found("missing_secret", "There is no Secret `pay` (key `token`) in this deployment");
  const whole = found("missing_secret", "There is no Secret `mail` in this deployment");
  expect(keysWanted("mail", [MAIL, user, MAIL, other, whole])).toEqual(["password", "user"]);
});
