/**
 * Copying a selection gives the TeX of its formulas, with their delimiters, not the glyphs that they are drawn with.
 */

import { formulasIn, sourceOf } from './formula.js';

/** @param {Document} page */
export function copyAsSource(page) {
  page.addEventListener('copy', (event) => {
    const selection = page.getSelection();
    if (event.defaultPrevented || !event.clipboardData || !selection || selection.isCollapsed) return;
    const ranges = Array.from({ length: selection.rangeCount }, (_, index) => selection.getRangeAt(index));
    if (!ranges.some((range) => formulasOf(range).length > 0)) return;
    const copies = ranges.map(copyOf);
    event.clipboardData.setData('text/plain', copies.map((copy) => plainText(page, copy)).join('\n'));
    event.clipboardData.setData('text/html', copies.map((copy) => copy.innerHTML).join('\n'));
    event.preventDefault();
  });
}

/** @param {Range} range */
function formulasOf(range) {
  const ancestor = range.commonAncestorContainer;
  const element = /** @type {Element} */ (ancestor instanceof Element ? ancestor : ancestor.parentElement);
  const around = element.closest('span.math');
  if (around) return [/** @type {HTMLElement} */ (around)];
  return formulasIn(element).filter((span) => range.intersectsNode(span));
}

/** The selection as elements, each formula that it touches whole and as its source. @param {Range} range */
function copyOf(range) {
  const formulas = formulasOf(range);
  const whole = range.cloneRange();
  if (formulas[0].contains(whole.startContainer)) whole.setStartBefore(formulas[0]);
  const last = formulas[formulas.length - 1];
  if (last.contains(whole.endContainer)) whole.setEndAfter(last);
  const copy = document.createElement('div');
  copy.append(withShells(whole.cloneContents(), whole.commonAncestorContainer));
  for (const [index, span] of formulasIn(copy).entries()) span.replaceWith(sourceOf(formulas[index]));
  for (const text of copy.querySelectorAll('math-text')) text.replaceWith(asBlock(text));
  return copy;
}

/** Rows and items with the table or list that they are of. @param {Node} contents @param {Node | null} ancestor */
function withShells(contents, ancestor) {
  let copy = contents;
  for (
    let shell = ancestor;
    shell instanceof Element && shell.matches('table, thead, tbody, tr, ul, ol');
    shell = shell.parentNode
  ) {
    const outer = shell.cloneNode();
    outer.appendChild(copy);
    copy = outer;
  }
  return copy;
}

/** A text as an element that is only its content, here and wherever it is put. @param {Element} text */
function asBlock(text) {
  const block = document.createElement('div');
  block.append(...text.childNodes);
  return block;
}

/** Lines and paragraphs as they are laid out; only an element on the page has a layout. @param {Document} page @param {HTMLElement} copy */
function plainText(page, copy) {
  copy.className = 'math-text-copy notranslate';
  copy.translate = false;
  page.body.append(copy);
  const text = copy.innerText;
  copy.remove();
  return text;
}
