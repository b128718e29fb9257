/**
 * Marks the quotes of an answer with what became of looking them up, as a button in the place of each anchor; and its
 * links with where they lead. Only text between formulas is touched, and what is rebuilt is marked once more.
 */

import { word } from '../../page/announcements.js';
import { anchorPlaces, placeOf } from './quotes.js';

/** @typedef {import('./quotes.js').Quote} Quote */
/** @typedef {import('../../../math-text/math-text.js').MathText} MathText */

/** What is skipped: the end of a text that still arrives, and what is marked already. */
const SKIPPED = '.open, .quote-mark';

/** Buttons by their quote, of each answer. @type {WeakMap<Element, Map<Quote, HTMLButtonElement>>} */
const marked = new WeakMap();

/** The outcome of a quote in words. @param {Quote} quote */
export const outcome = ({ status }) => word(`quote${status[0].toUpperCase()}${status.slice(1)}`);

/** Where an anchor is, in words. @param {string} anchor */
export function placeName(anchor) {
  const { kind, number } = placeOf(anchor);
  return kind === 'other' ? number : word(`place${kind[0].toUpperCase()}${kind.slice(1)}`, { number });
}

/** The quote that a button stands for. @param {Element} answer @param {Element} button */
export function quoteOf(answer, button) {
  for (const [quote, own] of marked.get(answer) ?? []) if (own === button) return quote;
  return null;
}

/** @param {MathText} answer @param {readonly Quote[]} quotes those that were looked up so far */
export function markAnswer(answer, quotes) {
  markLinks(answer);
  const buttons = marked.get(answer) ?? new Map();
  marked.set(answer, buttons);
  const missing = quotes.filter((quote) => !answer.contains(buttons.get(quote) ?? null));
  if (missing.length === 0) return;
  const { text, pieces } = flat(answer);
  const places = anchorPlaces(text, missing);
  // From the end, so that what is cut leaves the places before it as they are.
  const order = missing
    .map((quote, index) => ({ quote, place: places[index] }))
    .filter(({ place }) => place !== null)
    .sort((one, other) => (other.place?.[0] ?? 0) - (one.place?.[0] ?? 0));
  for (const { quote, place } of order) {
    const [start, end] = /** @type {[number, number]} */ (place);
    const piece = pieces.find((one) => one.start <= start && end <= one.start + one.node.data.length);
    if (!piece) continue; // an anchor with emphasis within it stays as it is
    const button = buttonFor(quote);
    const rest = piece.node.splitText(start - piece.start);
    rest.deleteData(0, end - start);
    rest.before(button);
    buttons.set(quote, button);
  }
}

/** @param {Quote} quote */
function buttonFor(quote) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quote-mark notranslate';
  button.translate = false;
  button.lang = document.documentElement.dataset.interface ?? 'en';
  button.dataset.status = quote.status;
  button.setAttribute('aria-expanded', 'false');
  button.textContent = [outcome(quote), quote.anchor ? placeName(quote.anchor) : '']
    .filter(Boolean)
    .join(' · ');
  return button;
}

/**
 * The text of an answer with each formula as its TeX, and the texts that it is made of.
 * @param {Element} answer
 */
function flat(answer) {
  const walker = document.createTreeWalker(answer, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => {
    if (!(node instanceof Element)) return NodeFilter.FILTER_ACCEPT;
    if (node.matches(SKIPPED)) return NodeFilter.FILTER_REJECT;
    return NodeFilter.FILTER_SKIP;
  });
  /** @type {{ node: Text, start: number }[]} */
  const pieces = [];
  let text = '';
  /** @type {Element | null} */
  let formula = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const around = node.parentElement?.closest('span.math') ?? null;
    if (around && around !== formula) text += /** @type {HTMLElement} */ (around).dataset.tex ?? '';
    formula = around;
    if (around) continue;
    pieces.push({ node: /** @type {Text} */ (node), start: text.length });
    text += /** @type {Text} */ (node).data;
  }
  return { text, pieces };
}

/** Where a link leads stands behind it, in words. @param {Element} answer */
function markLinks(answer) {
  for (const link of answer.querySelectorAll('a[href]:not([data-host])'))
    /** @type {HTMLElement} */ (link).dataset.host =
      URL.parse?.(/** @type {HTMLAnchorElement} */ (link).href)?.host ||
      /** @type {HTMLAnchorElement} */ (link).href;
}
