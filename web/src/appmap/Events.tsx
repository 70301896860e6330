/** What has happened lately, in words, with Kubernetes' own beside them. */
import type { MapEvent } from "../api/appmap";
import { lang, t } from "../i18n";

export function Events({ of }: { of: MapEvent[] }) {
  if (of.length === 0) return <p class="plan-note">{t("appmap.noEvents")}</p>;
  return (
    <ul class="events">
      {of.map(({ at, type, kind, name, reason, message, words, count }, index) => (
        <li key={`${at} ${name} ${index}`} class={type} data-testid="map-event">
          <time dateTime={at}>{new Date(at).toLocaleTimeString(lang.value)}</time>
          <div>
            <strong>
              {kind} {name}
            </strong>
            : {words}
            {count > 1 && <span class="plan-note"> ({t("appmap.times", { count })})</span>}
            {words !== message && (
              <p class="plan-note">
                {reason}: {message}
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
