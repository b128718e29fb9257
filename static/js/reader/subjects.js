/**
 * The subjects of a paper with `+` and `-` at hand: pointed at, focused or touched, a subject offers to be added to the
 * list or left out of it; a second touch follows it. One small box serves all papers, and nothing moves when it opens.
 */

import { BASE } from '../page/base.js';
import { word } from '../page/announcements.js';

const expression = /** @type {HTMLInputElement | null} */ (document.getElementById('categories'))
  ?.defaultValue;

const box = document.createElement('span');
box.className = 'plus-minus notranslate';
box.translate = false;

/** @param {string} sign @param {string} name @param {string} category */
function choice(sign, name, category) {
  const link = document.createElement('a');
  const address = new URL(`arxiv/${expression}${sign}${category}`, BASE);
  const { searchParams } = new URL(location.href);
  for (const key of ['date', 'since', 'until', 'sort'])
    for (const value of searchParams.getAll(key)) address.searchParams.set(key, value);
  link.href = address.href;
  link.textContent = `${sign === '+' ? '+' : '−'} ${word(name, { category })}`;
  return link;
}

/** @param {Element} subject */
function open(subject) {
  if (box.previousSibling === subject) return;
  const category = subject.textContent ?? '';
  box.replaceChildren(choice('+', 'addCategory', category), choice('-', 'leaveOutCategory', category));
  subject.after(box);
}

/** @param {Event} event */
function follow({ target }) {
  if (!(target instanceof Element)) return;
  const subject = target.closest('.subject');
  if (subject && target.closest('#papers')) open(subject);
  else if (!box.contains(target)) box.remove();
}

/** The subject whose box the touch that is going on has opened; null for a mouse, a pen, and a second touch. */
let /** @type {Element | null} */ touched = null;

/** @param {PointerEvent} event */
function touch({ pointerType, target }) {
  const subject = target instanceof Element ? target.closest('#papers .subject') : null;
  touched = pointerType === 'touch' && box.previousSibling !== subject ? subject : null;
}

if (expression) {
  document.addEventListener('pointerdown', touch);
  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && !box.contains(event.target)) {
      if (touched?.contains(event.target)) event.preventDefault();
      follow(event);
    }
  });
  document.addEventListener('focusin', follow);
  document.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'mouse' && !box.contains(document.activeElement)) follow(event);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !box.isConnected) return;
    const subject = /** @type {HTMLElement | null} */ (box.previousElementSibling);
    if (box.contains(document.activeElement)) subject?.focus();
    box.remove();
  });
}
