/** Who asked for what lately, and what came of it: looked at anew while somebody sees it. */
import { useEffect, useState } from "preact/hooks";
import { type AppRequest, readRequests } from "../api/appmap";
import { describe } from "../api/http";
import { lang, t } from "../i18n";

const LOOK_MS = 2000;

export function Requests() {
  const [requests, setRequests] = useState<AppRequest[] | null | undefined>(undefined);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const again = async () => {
      try {
        if (document.visibilityState === "visible") setRequests(await readRequests());
        setTrouble(null);
      } catch (error) {
        setTrouble(describe(error));
      }
      if (!ended) timer = setTimeout(() => void again(), LOOK_MS);
    };
    void again();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, []);
  if (trouble !== null) {
    return (
      <p class="diagnostic" role="alert">
        {trouble}
      </p>
    );
  }
  if (requests === undefined) return <p role="status">{t("app.loading")}</p>;
  if (requests === null) return <p class="plan-note">{t("appmap.requestsOff")}</p>;
  if (requests.length === 0) return <p class="plan-note">{t("appmap.noRequests")}</p>;
  return (
    <>
      <p class="plan-note">{t("appmap.requestsNote")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <section class="requests" tabIndex={0} aria-label={t("appmap.tab.requests")}>
        <table>
          <thead>
            <tr>
              {(["at", "request", "status", "bytes", "ms", "client"] as const).map((name) => (
                <th scope="col" key={name}>
                  {t(`appmap.requests.${name}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {requests.map(({ at, client, method, host, path, status, bytes, ms }, index) => (
              <tr key={`${at} ${index}`} data-testid="app-request">
                <td>
                  <time dateTime={at}>{new Date(at).toLocaleTimeString(lang.value)}</time>
                </td>
                <td title={host}>
                  {method} {path}
                </td>
                <td class={status === 0 || status >= 500 ? "bad" : ""}>
                  {status === 0 ? t("appmap.requests.gone") : status}
                </td>
                <td>{bytes.toLocaleString(lang.value)}</td>
                <td>{ms.toLocaleString(lang.value)}</td>
                <td>{client}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
