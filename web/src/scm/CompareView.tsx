/** The text in front beside another version of it: as it was committed, in a snapshot, or in the starter project. */
import { useEffect, useRef, useState } from "preact/hooks";
import { gitFile } from "../api/git";
import { ApiError, describe } from "../api/http";
import { listSnapshots, readSnapshotFile, type Snapshot } from "../api/snapshots";
import { sayError } from "../app/toast";
import { decode } from "../editor/decode";
import { editedText } from "../editor/state";
import { root, shortPath } from "../files/state";
import { t } from "../i18n";
import { when } from "../workspace/WorkspaceMenu";
import { compare } from "./compare";
import "./diff.css";

const START = "start";
const HEAD = "HEAD";

async function textAt(path: string, version: string): Promise<string | null> {
  if (version === START || version === HEAD)
    return (await gitFile(root.peek(), shortPath(path), version))?.text ?? null;
  try {
    const content = decode(await readSnapshotFile(version, path));
    if (content.kind !== "text") throw new Error(t("scm.diff.binary"));
    return content.text;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export function CompareView({ path }: { path: string }) {
  const [version, setVersion] = useState(START);
  const [snapshots, setSnapshots] = useState<readonly Snapshot[]>([]);
  const [note, setNote] = useState("");
  const frame = useRef<HTMLDivElement>(null);

  useEffect(() => {
    listSnapshots()
      .then((found) => setSnapshots(found.snapshots))
      .catch(sayError);
  }, []);

  useEffect(() => {
    let current = true;
    let end = () => {};
    const show = async () => {
      const before = await textAt(path, version);
      if (!current || !frame.current) return;
      setNote(before === null ? t("compare.absent") : "");
      const now = editedText(path) ?? "";
      if (before === now) setNote(t("compare.same"));
      const done = await compare(frame.current, path, before ?? "", now);
      if (current) end = done;
      else done();
    };
    show().catch((error: unknown) => current && setNote(describe(error)));
    return () => {
      current = false;
      end();
    };
  }, [path, version]);

  return (
    <div class="diff" data-testid="compare" data-path={path}>
      <header class="diff-head">
        <strong>{shortPath(path)}</strong>
        <label class="compare-with">
          <span class="faint">{t("compare.with")}</span>
          <select
            class="field"
            data-testid="compare-with"
            value={version}
            onChange={(event) => setVersion(event.currentTarget.value)}
          >
            <option value={START}>{t("compare.start")}</option>
            <option value={HEAD}>{t("compare.head")}</option>
            {snapshots.map((snapshot) => (
              <option key={snapshot.id} value={snapshot.id}>
                {t("compare.snapshot", { when: when(snapshot.taken_at) })}
                {snapshot.name ? ` · ${snapshot.name}` : ""}
              </option>
            ))}
          </select>
        </label>
      </header>
      {note !== "" && (
        <p class="diff-note" role="status">
          {note}
        </p>
      )}
      <div ref={frame} class="diff-beside" />
    </div>
  );
}
