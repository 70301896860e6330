/** How long it takes so far, once that is worth telling: another machine is waited for. */
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";

const WORTH_SECONDS = 2;

export function Elapsed() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return seconds < WORTH_SECONDS ? null : <span class="faint">{t("scm.seconds", { seconds })}</span>;
}
