/** On a phone a table's rows are cards without its head: a number that has no word of its own gets that of its column. */
const BARE = /^[\d.,/ ]+ ?([KMGT]iB|%)?$/;

export function labelNumbers(within: ParentNode): void {
  for (const table of within.querySelectorAll("table.plain-rows")) {
    const heads = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent?.trim() ?? "");
    for (const row of table.querySelectorAll("tbody tr"))
      for (const [column, cell] of [...row.children].entries()) {
        const label = heads[column];
        if (label && cell.matches("td") && BARE.test(cell.textContent?.trim() ?? ""))
          cell.setAttribute("data-label", label);
      }
  }
}
