/**
 * The keyboard of a page of papers, as feed readers taught people: one key an action, all of them shown by `?`.
 *
 * A key presses the button or follows the link that the page has for it; what that does is known there alone.
 */

import { covered } from '../page/bar.js';
import { BASE } from '../page/base.js';
import { showKeys } from '../page/shortcuts-dialog.js';
import { goesOn, more } from './list.js';

const SECOND = 1000; // milliseconds in which the second of two keys may come

const papers = () =>
  /** @type {HTMLElement[]} */ ([...document.querySelectorAll('article.paper')]).filter(
    ({ hidden }) => !hidden,
  );

/** @param {Element} paper */
function isInSight(paper) {
  const { top, bottom } = paper.getBoundingClientRect();
  return bottom > covered() && top < window.innerHeight;
}

/** The paper that keys act on: the marked one, or a page's only one. @returns {HTMLElement | null} */
export function currentPaper() {
  return document.querySelector('.paper.current:not([hidden])') ?? document.querySelector('.paper.single');
}

/** @param {HTMLElement} paper */
function mark(paper) {
  document.querySelector('.paper.current')?.classList.remove('current');
  if (!paper.matches('.single')) paper.classList.add('current');
}

/**
 * Marks a paper as the current one and brings it to the top.
 * @param {HTMLElement} paper @param {{ smooth?: boolean, focus?: boolean }} [how]
 */
export function goTo(paper, { smooth = false, focus = true } = {}) {
  mark(paper);
  if (focus) paper.focus({ preventScroll: true });
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  paper.scrollIntoView({ block: 'start', behavior: smooth && !calm ? 'smooth' : 'instant' });
}

/** @param {1 | -1} step @param {KeyboardEvent} event */
async function move(step, event) {
  const current = currentPaper();
  const shown = papers();
  const smooth = !event.repeat;
  // A reader who scrolled away from the current paper goes on from where they are.
  if (!current || !isInSight(current)) {
    const near = shown.find(isInSight) ?? shown.at(-1);
    if (near && near !== current) return goTo(near, { smooth });
  }
  const at = current ? shown.indexOf(current) : -1;
  if (step === 1 && at === shown.length - 1 && goesOn()) await more();
  const target = papers()[at + step];
  if (target) goTo(target, { smooth });
}

/** @param {string} selector of a link or button in the current paper */
const press = (selector) => () => {
  // Before the first step there is none: then it is the one that a reader looks at.
  const paper = currentPaper() ?? papers().find(isInSight);
  if (paper) mark(paper);
  /** @type {HTMLElement | null | undefined} */
  const target = paper?.querySelector(selector);
  target?.click();
};

/** One of the questions beneath the paper, where they are open. @param {string} place */
const question = (place) => `.asking:not([hidden]) [data-place="${place}"]`;

/** @param {string} selector of a link on the page */
const follow = (selector) => () =>
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.click();

function search() {
  const box = /** @type {HTMLInputElement | null} */ (document.getElementById('q'));
  if (!box) return location.assign(`${BASE}search`);
  box.focus();
  box.select();
}

/** @param {string} id of a field or a list of choices */
const focusOn = (id) => () => document.getElementById(id)?.focus();

/** @type {Record<string, (event: KeyboardEvent) => unknown>} */
const ACTIONS = {
  j: (event) => move(1, event),
  k: (event) => move(-1, event),
  o: press('.open'),
  Enter: press('.open'),
  v: press('.pdf'),
  s: press('[data-action="star"]'),
  m: press('[data-action="read"]'),
  t: press('[data-action="note"]'),
  c: press('[data-action="cite"]'),
  a: press('[data-action="ask"]'),
  V: press('.abs'),
  ...Object.fromEntries(['1', '2', '3', '4', '5', '6'].map((place) => [place, press(question(place))])),
  x: press('.unfold'),
  T: follow('#titles'),
  A: follow('#read-all'),
  C: follow('#cite-all'),
  P: follow('#print'),
  d: follow('#calendar-open'),
  e: follow('#edit'),
  l: focusOn('categories'),
  r: focusOn('sort'),
  M: follow('#menu-open'),
  n: follow('a[data-day="after"]'),
  p: follow('a[data-day="before"]'),
  '/': search,
  '?': showKeys,
};

/** @type {Record<string, () => void>} */
const AFTER_G = {
  h: () => location.assign(BASE),
  s: () => location.assign(`${BASE}starred`),
  t: () => location.assign(`${BASE}tokenizer`),
  p: () => location.assign(`${BASE}preview`),
};

let goingUntil = 0;

/** Whether a key belongs to something else: a field, a menu, a dialog, the browser. @param {KeyboardEvent} event */
function isTaken(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey)
    return true;
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  if (target.closest('input, textarea, select, [contenteditable], dialog, [role="menu"], [role="listbox"]'))
    return true;
  return event.key === 'Enter' && target.closest('a, button, summary, [tabindex="0"]') !== null;
}

document.addEventListener('keydown', (event) => {
  if (isTaken(event)) return;
  const going = event.timeStamp < goingUntil;
  goingUntil = !going && event.key === 'g' ? event.timeStamp + SECOND : 0;
  const action = (going && AFTER_G[event.key]) || ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  void action(event);
});

document.addEventListener('focusin', ({ target }) => {
  const paper = target instanceof Element && target.closest('article.paper');
  if (paper) mark(/** @type {HTMLElement} */ (paper));
});
