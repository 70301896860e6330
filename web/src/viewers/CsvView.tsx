import { useMemo } from "preact/hooks";
import { t } from "../i18n";
import { parseCsv } from "./csv";

/** More rows than anybody scrolls through, and as many as a page bears. */
const ROWS = 2000;

const isNumber = (field: string): boolean => /^\s*[-+]?[\d,]*\.?\d+(e[-+]?\d+)?%?\s*$/i.test(field);

export function CsvView({ text }: { text: string }) {
  const rows = useMemo(() => parseCsv(text, ROWS + 2), [text]);
  const [head, ...body] = rows;
  if (!head) return <p class="editor-note">{t("viewer.emptyTable")}</p>;
  const shown = body.slice(0, ROWS);
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const places = Array.from({ length: columns }, (_, index) => index);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="viewer-scroll" tabIndex={0} aria-label={t("viewer.table")}>
        <table class="viewer-table">
          <thead>
            <tr>
              <th scope="col">
                <span class="visually-hidden">{t("viewer.row")}</span>
              </th>
              {places.map((place) => (
                <th key={place} scope="col">
                  {head[place]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, index) => (
              <tr key={index}>
                <th scope="row">{index + 1}</th>
                {places.map((place) => (
                  <td key={place} class={isNumber(row[place] ?? "") ? "number" : undefined}>
                    {row[place]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <footer class="viewer-foot">
        <span class="faint">
          {body.length > ROWS
            ? t("viewer.firstRows", { count: ROWS })
            : t("viewer.rows", { rows: body.length, columns })}
        </span>
      </footer>
    </>
  );
}
