/**
 * Gives an inline formula that is wider than its text a box of its own to scroll in. Only those: a box keeps a line
 * from breaking within the formula and moves it off the baseline.
 */

import { formulasIn } from './formula.js';

/** An inline formula and the text that it stands in. @typedef {{span: HTMLElement, text: Element}} Inline */

const SHORT = 30; // characters of TeX
const SIZE_OF_ITS_OWN = /\\(?:[a-z]*(?:skip|kern|space|phantom|box)|rule)/i;

/** @type {WeakMap<Element, number>} */
const widths = new WeakMap();

// It reports after layout and before drawing, so that measuring here costs no layout of its own.
const observer = new ResizeObserver((entries) => {
  const changed = entries.filter(
    ({ target, contentRect }) => widths.get(target) !== contentRect.width && !isSkipped(target),
  );
  for (const { target, contentRect } of changed) widths.set(target, contentRect.width);
  boxWide(changed.map(({ target }) => ({ text: target, part: target })));
});

/** Whether the browser leaves something far without a layout; measuring would force one. @param {Element} element */
const isSkipped = (element) => !element.checkVisibility({ contentVisibilityAuto: true });

/** The browser lays out a text that has come near, or a part of a long one. @param {Event} event */
const cameNear = ({ currentTarget, target }) => {
  const text = /** @type {HTMLElement} */ (currentTarget);
  if (target === text) keepWithin(text);
  else boxWide([{ text, part: /** @type {Element} */ (target) }]);
};

/** Looks at a text's formulas now and whenever its width changes. @param {HTMLElement} text */
export function keepWithin(text) {
  widths.delete(text);
  text.addEventListener('contentvisibilityautostatechange', cameNear);
  observer.unobserve(text);
  observer.observe(text);
}

/** @param {HTMLElement} text */
export function leave(text) {
  observer.unobserve(text);
}

/** A short formula without a space or box of a size of its own fits on a telephone. @param {HTMLElement} span */
function mayBeWide(span) {
  const tex = span.getAttribute('data-tex') ?? ''; // quicker than `dataset`, for thousands of them
  return !span.hasAttribute('data-display') && (tex.length >= SHORT || SIZE_OF_ITS_OWN.test(tex));
}

/** Looks at all formulas of the page that were never near enough for a layout. @param {ParentNode} page */
export function boxFar(page) {
  const texts = [...page.querySelectorAll('math-text')];
  box(texts.flatMap((text) => inlineOf(text, text).filter(({ span }) => isSkipped(span))));
}

/** @param {{text: Element, part: Element}[]} parts of texts, to look at */
function boxWide(parts) {
  box(parts.flatMap(({ text, part }) => inlineOf(text, part)).filter(({ span }) => !isSkipped(span)));
}

/** @param {Element} text @param {Element} part of it @returns {Inline[]} */
const inlineOf = (text, part) =>
  formulasIn(part)
    .filter(mayBeWide)
    .map((span) => ({ span, text }));

/**
 * All is measured between what it takes away and what it puts: each change before a measure costs a layout.
 * @param {Inline[]} inline
 */
function box(inline) {
  for (const { span } of inline) if ('wide' in span.dataset) delete span.dataset.wide;
  const tall = window.innerHeight;
  const wide = inline.filter(({ span, text }) => {
    const { width = 0, height = 0 } = span.firstElementChild?.getBoundingClientRect() ?? {};
    return width > text.clientWidth + 1 || height > tall;
  });
  for (const { span } of wide) span.dataset.wide = '';
}
