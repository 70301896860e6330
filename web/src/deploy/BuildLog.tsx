/** A build of a Deploy, with its log as it is written. */
import { useState } from "preact/hooks";
import type { StepBuild } from "../api/types";
import { type Key, t } from "../i18n";
import { LogText } from "./LogText";

const STATES = new Set(["running", "succeeded", "failed", "cancelled"]);

/** A queued build waits, as a pending step does. */
const stateKey = (state: string): Key =>
  STATES.has(state) ? (`deploy.state.${state}` as Key) : "deploy.state.pending";

export function BuildLog({ build, live }: { build: StepBuild; live: boolean }) {
  const [open, setOpen] = useState(live);
  const name = build.repository ?? build.id;
  return (
    <details class="log" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="log-name">{name}</span>
        {build.number != null && <span class="faint">#{build.number}</span>}
        {build.state && <span class="faint">{t(stateKey(build.state))}</span>}
      </summary>
      {open && <LogText id={build.id} name={name} />}
    </details>
  );
}
