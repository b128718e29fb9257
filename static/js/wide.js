/**
 * Gives an inline formula that is wider than its text a box of its own to scroll in. Only those: a box keeps a line
 * from breaking within the formula and moves it off the baseline.
 */

import { formulasIn } from './formula.js';

/** @type {WeakMap<Element, number>} */
const widths = new WeakMap();

// It reports after layout and before drawing, so that measuring here costs no layout of its own.
const observer = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    if (widths.get(target) === contentRect.width || isSkipped(target)) continue;
    widths.set(target, contentRect.width);
    boxWide(/** @type {HTMLElement} */ (target));
  }
});

/** Whether the browser leaves something far without a layout; measuring would force one. @param {Element} element */
const isSkipped = (element) => !element.checkVisibility({ contentVisibilityAuto: true });

/** The browser lays out a text that has come near, or a part of a long one. @param {Event} event */
const cameNear = ({ currentTarget, target }) => {
  const text = /** @type {HTMLElement} */ (currentTarget);
  if (target === text) keepWithin(text);
  else boxWide(text, /** @type {HTMLElement} */ (target));
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

/** A shorter formula without a space or box of a size of its own fits on a telephone. @param {HTMLElement} span */
const mayBeWide = ({ dataset }) =>
  !('display' in dataset) &&
  /.{30}|\\(?:[a-z]*(?:skip|kern|space|phantom|box)|rule)/is.test(dataset.tex ?? '');

/** @param {HTMLElement} text @param {HTMLElement} [part] the part of it to look at */
function boxWide(text, part = text) {
  const inline = formulasIn(part).filter((span) => mayBeWide(span) && !isSkipped(span));
  if (inline.length === 0) return;
  for (const span of inline) if ('wide' in span.dataset) delete span.dataset.wide;
  const room = text.clientWidth + 1;
  const tall = window.innerHeight;
  const boxes = inline.map((span) => span.firstElementChild?.getBoundingClientRect());
  for (const [index, span] of inline.entries()) {
    const { width = 0, height = 0 } = boxes[index] ?? {};
    if (width > room || height > tall) span.dataset.wide = '';
  }
}
