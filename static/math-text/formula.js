/**
 * A formula on the page: a guarded `span.math` that holds its source until it is typeset. The source as it was
 * written, with its delimiters, is kept beside the page, where no translator reaches it.
 */

import { markDefinitions } from './text-definitions.js';

/** @type {WeakMap<Element, string>} */
const sources = new WeakMap();
const FORMULA = 'span.math[data-tex]';

/**
 * @param {{source: string, tex: string, display: boolean}} formula
 * @returns {HTMLElement}
 */
export function mathSpan({ source, tex, display }) {
  const span = guardedSpan(source);
  span.className = 'math notranslate';
  span.dataset.tex = tex;
  if (display) span.dataset.display = '';
  span.hidden = markDefinitions(span);
  sources.set(span, source);
  return span;
}

/** A stretch of prose that defines commands; it shows nothing. @param {string} source */
export function definitionSpan(source) {
  const span = guardedSpan('');
  span.dataset.tex = source;
  span.hidden = true;
  markDefinitions(span);
  return span;
}

/**
 * A text that is not mathematics, or not yet, and that no translator may touch.
 * @param {string} source
 */
export function guardedSpan(source) {
  const span = document.createElement('span');
  span.className = 'notranslate';
  span.translate = false;
  span.textContent = source;
  return span;
}

/** A formula's source with its delimiters; a copy of a formula, made by copying the page, has the usual ones. @param {HTMLElement} span */
export const sourceOf = (span) => sources.get(span) ?? delimited(span);

/** @param {HTMLElement} span */
function delimited({ dataset }) {
  const tex = dataset.tex ?? '';
  if (!('display' in dataset)) return `$${tex}$`;
  return tex.startsWith('\\begin{') ? tex : `\\[${tex}\\]`;
}

/** What a text shows, with the sources of its formulas. @param {Node} node @returns {string} */
export function textOf(node) {
  if (isFormula(node)) return sourceOf(node);
  return node instanceof Text ? node.data : Array.from(node.childNodes, textOf).join('');
}

/** Whether one element comes after another on the page; quick for neighbours. @param {Element} before @param {Element} after */
export const follows = (before, after) =>
  Boolean(before.compareDocumentPosition(after) & Node.DOCUMENT_POSITION_FOLLOWING);

/** The formulas in an element, in order. @param {ParentNode} element @returns {HTMLElement[]} */
export const formulasIn = (element) => [
  .../** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(FORMULA)),
];

/** @param {Node} node @returns {node is HTMLElement} */
const isFormula = (node) => node instanceof HTMLElement && node.matches(FORMULA);

/** Longer TeX stays as its source: MathJax's time grows faster than its input. */
const LONGEST_TEX = 5000;

/** Whether a formula still waits to be typeset. @param {HTMLElement} span */
export const isWaiting = (span) =>
  !span.querySelector('mjx-container') &&
  !span.matches('.math-error') &&
  (span.dataset.tex ?? '').length <= LONGEST_TEX;

/** Takes the drawing away, so that the formula waits again. @param {HTMLElement} span */
export function showSource(span) {
  span.classList.remove('math-error');
  span.textContent = sourceOf(span);
}
