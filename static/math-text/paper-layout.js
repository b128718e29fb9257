/**
 * What a page lacks on paper, where nothing scrolls and no link is followed: what may be wider than the paper is
 * measured, so that the style sheet makes it as small as it has to be, and links show their addresses. It typesets
 * nothing but displays that would be too small to read, and these only until the page is printed.
 */

import { isLoaded } from './mathjax.js';
import { drawnInLines } from './typeset.js';
import { boxFar } from './wide-formulas.js';

// What is in a table counts as a part of it.
const MAY_BE_WIDE =
  'math-text table, .math:is([data-display], [data-wide]):has(> mjx-container):not(table *)';

const LINKS = 'math-text a[href^="http"]:not(mjx-container *)';

// Widths in em: a display wider than the first is broken into lines of the second, about what a page holds.
const WIDEST = 60;
const LINE = 40;

/** Notes on what is there what the style sheet for paper has to know. @param {ParentNode} page */
export function readyForPaper(page) {
  boxFar(page);
  noteWidths(page);
  if (isLoaded()) breakWidest(page);
  for (const link of page.querySelectorAll(LINKS)) {
    const address = link.getAttribute('href') ?? '';
    link.toggleAttribute('data-hides-address', !address.endsWith(link.textContent?.trim() ?? ''));
  }
}

/** Displays that would be too small to read on one line are drawn in several, until the page is printed. @param {ParentNode} page */
function breakWidest(page) {
  const displays = /** @type {NodeListOf<HTMLElement>} */ (
    page.querySelectorAll('.math[data-display][style*="--ems"]')
  );
  for (const span of displays) {
    if (Number(span.style.getPropertyValue('--ems')) <= WIDEST) continue;
    const drawing = span.firstElementChild;
    const lines = drawnInLines(span, LINE);
    if (!drawing || !lines) continue;
    drawing.replaceWith(lines);
    window.addEventListener('afterprint', () => lines.replaceWith(drawing), { once: true });
  }
  noteWidths(page);
}

/**
 * Notes how wide each table, display and wide formula is at its narrowest, in sizes of its letters, as `--ems`.
 * @param {ParentNode} page
 */
function noteWidths(page) {
  const wide = /** @type {HTMLElement[]} */ ([...page.querySelectorAll(MAY_BE_WIDE)]);
  const long = wide.filter((element) => element.matches('.long'));
  for (const table of long) table.classList.remove('long');
  for (const element of wide) element.classList.add('narrowest');
  const found = wide.map(narrowest);
  for (const [index, element] of wide.entries()) {
    element.classList.remove('narrowest');
    for (const [name, value] of Object.entries(found[index])) element.style.setProperty(name, value);
  }
  for (const table of long) table.classList.add('long');
}

/** @param {HTMLElement} element @returns {Record<string, string>} */
function narrowest(element) {
  const drawing = /** @type {HTMLElement | null} */ (element.querySelector(':scope > mjx-container'));
  const size = parseFloat(getComputedStyle(drawing ?? element).fontSize);
  const ems = String(Math.ceil((element.scrollWidth + 1) / size));
  return drawing ? { '--ems': ems, '--size': drawing.style.fontSize } : { '--ems': ems };
}
