/**
 * Lays out a table of many rows a row at a time, since a browser lays out a whole table for each row that it gets. Its
 * columns then share the width by how much the first rows hold, as they are written. It makes no rows.
 */

/** Rows from which on a table is a long one. */
const LONG = 60;
const WIDTHS = { least: 4, most: 60 }; // characters

/**
 * Takes note that rows have come or gone.
 * @param {Element} table
 * @param {number} count
 * @param {(count: number) => string[]} first the sources of so many rows
 */
export function rowsChanged(table, count, first) {
  if (count === LONG) shareWidth(/** @type {HTMLTableElement} */ (table), first(LONG));
  else if (count === LONG - 1) for (const name of ['class', 'style']) table.removeAttribute(name);
}

/** @param {HTMLTableElement} table @param {string[]} rows */
function shareWidth(table, rows) {
  const lengths = rows.map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim().length));
  const columns = Array.from(table.rows[0]?.cells ?? [], (_, index) => {
    const longest = Math.max(...lengths.map((cells) => cells[index + 1] ?? 0));
    return `minmax(5em, ${Math.min(Math.max(longest, WIDTHS.least), WIDTHS.most)}fr)`;
  });
  table.className = 'long';
  table.style.setProperty('--columns', columns.join(' '));
}
