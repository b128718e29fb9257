/**
 * What LaTeX's text mode writes with macros, as Unicode: accents, letters and signs, fonts. The tables are data, which
 * the server reads too (`text-mode.json`); reading the source is tex-prose.js's work.
 */

import table from './text-mode.json' with { type: 'json' };

/** Combining characters by the accent's name. @type {Record<string, string>} */
const COMBINING = table.combining;

/** Letters that swallow the space after them, as TeX does: `\L ukasz` is Łukasz. @type {Map<string, string>} */
export const LETTERS = new Map(Object.entries(table.letters));

/** Signs and words; a space after them stays, since abstracts are written with it. @type {Map<string, string>} */
export const SIGNS = new Map(Object.entries(table.signs));

/** One character after a backslash. @type {Map<string, string>} */
export const SYMBOLS = new Map(Object.entries(table.symbols));

/** Macros whose argument is set in another way. @type {Map<string, string>} */
export const STYLES = new Map(Object.entries(table.styles));

/** Switches that hold until the group ends, as in `{\it …}`. @type {Map<string, string>} */
export const SWITCHES = new Map(Object.entries(table.switches));

/** Letters that follow an accent's name where a Greek letter was meant. */
const MANGLED = new Map(Object.entries(table.mangled));

/**
 * The sign that `\ding` names by a number, or null; the table has the font's rows: first and last number, first code.
 * @param {number} number
 */
export function dingbat(number) {
  const row = table.dingbats.find(([first, last]) => number >= first && number <= last);
  return row ? String.fromCodePoint(row[2] + number - row[0]) : null;
}

/**
 * A letter with its accent, or null where TeX would not have one. Some archives read `\beta` as the accent `\b` over
 * `eta` and write `\b{eta}`; that is the Greek letter.
 * @param {string} accent the accent macro's name: `'`, `"`, `c`, …
 * @param {string} argument a letter, `\i`, or what stood in the braces
 * @returns {string | null}
 */
export function accented(accent, argument) {
  if (MANGLED.get(accent)?.includes(argument)) return SIGNS.get(accent + argument) ?? null;
  const letter =
    argument === '\\i' ? 'i' : argument === '\\j' ? 'j' : (LETTERS.get(argument.slice(1)) ?? argument);
  const mark = COMBINING[accent];
  if (mark && letter === '' && '^~'.includes(accent)) return accent;
  return mark && /^\p{L}$/u.test(letter) ? (letter + mark).normalize('NFC') : null;
}
