/**
 * Coming back to a list by the browser's buttons shows the paper at which the reader left it, however far down it was.
 *
 * The place is kept in the history's entry, so that the same list opened again starts at its beginning.
 */

import { covered } from '../page/bar.js';
import { more } from './list.js';

const SETTLED = 150; // milliseconds after the last scrolling
const GROWING = 1500; // milliseconds in which what is in sight is typeset
const MOST_PAGES = 50; // of 200 papers

/** @typedef {{ id: string, offset: number }} Place the topmost paper in sight, and its distance from the top in px */

/** @type {ReturnType<typeof setTimeout> | undefined} */
let keeping;
let moved = false;

function keep() {
  clearTimeout(keeping);
  const top = covered();
  const paper = [...document.querySelectorAll('#papers > .paper')].find(
    (element) => element.getBoundingClientRect().bottom > top,
  );
  if (!paper) return;
  const place = window.scrollY > 0 ? { id: paper.id, offset: paper.getBoundingClientRect().top } : null;
  history.replaceState({ ...history.state, place }, '');
}

/** @param {Place} place */
async function goBack({ id, offset }) {
  for (let page = 0; !document.getElementById(id) && page < MOST_PAGES; page += 1)
    if (moved || !(await more({ many: true }))) return;
  const align = () => {
    const paper = document.getElementById(id);
    if (!paper || moved) return;
    const top = window.scrollY + paper.getBoundingClientRect().top - offset;
    window.scrollTo({ top, behavior: 'instant' });
  };
  align();
  // The texts around it are built and typeset only now that they are near, and grow.
  document.addEventListener('math-text:ready', align);
  setTimeout(() => document.removeEventListener('math-text:ready', align), GROWING);
}

for (const kind of ['wheel', 'keydown', 'pointerdown', 'touchstart'])
  window.addEventListener(kind, () => (moved = true), { once: true, passive: true });

if (document.querySelector('#papers')) {
  history.scrollRestoration = 'manual';
  const { place } = history.state ?? {};
  const starts = place ? goBack(place) : Promise.resolve();
  void starts.then(() => {
    window.addEventListener(
      'scroll',
      () => {
        clearTimeout(keeping);
        keeping = setTimeout(keep, SETTLED);
      },
      { passive: true },
    );
    window.addEventListener('pagehide', keep);
  });
}
