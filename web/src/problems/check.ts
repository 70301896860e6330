/** The check of all manifests and Dockerfiles, as they are typed: what Deploy would say of them. */
import { askJson } from "../api/http";
import type { Diagnostic } from "../api/types";
import { isChecked } from "../checking/which";
import { textOf } from "../editor/documents";
import { buffers } from "../editor/state";
import { shortPath } from "../files/state";
import { checked } from "./state";

/** What is typed and not saved counts; the rest is as it lies in the workspace. */
export async function checkAll(): Promise<readonly Diagnostic[]> {
  const open = buffers.peek().filter(({ status, path }) => status === "text" && isChecked(shortPath(path)));
  const files = Object.fromEntries(open.map(({ path }) => [shortPath(path), textOf(path)]));
  const { diagnostics } = await askJson<{ diagnostics: Diagnostic[] }>("/check", {
    method: "POST",
    json: { files, over_workspace: true },
  });
  checked.value = diagnostics;
  return diagnostics;
}
