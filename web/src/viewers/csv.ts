/** Tables as spreadsheets write them (RFC 4180), with whichever separator the first line has most of. */
const SEPARATORS = [",", ";", "\t"] as const;

export function separatorOf(text: string): string {
  const line = text.slice(0, Math.max(0, text.search(/\r?\n|$/))).replace(/"[^"]*"/g, "");
  const counts = SEPARATORS.map((each) => line.split(each).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ",";
}

/** At most `most` rows; a quote that is never closed takes the rest of the text. */
export function parseCsv(text: string, most: number, separator = separatorOf(text)): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  // A byte order mark is no part of the first field.
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  const endField = () => {
    row.push(field);
    field = "";
  };
  const endRow = () => {
    endField();
    rows.push(row);
    row = [];
  };
  for (; at < text.length && rows.length < most; at++) {
    const char = text[at] as string;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') field += text[at++];
      else quoted = false;
    } else if (char === '"' && field === "") {
      quoted = true;
    } else if (char === separator) {
      endField();
    } else if (char === "\n") {
      endRow();
    } else if (!(char === "\r" && text[at + 1] === "\n")) {
      field += char;
    }
  }
  if (rows.length < most && (field !== "" || row.length > 0)) endRow();
  return rows;
}
