/**
 * The titles alone, or the abstracts too: a choice that this browser keeps; in a list of titles each opens by itself.
 *
 * What is hidden is for the style sheet; page/choices.js sets what was kept before the first paint.
 */

import { announce, say, word } from '../page/announcements.js';
import { keep } from '../page/local-settings.js';

const root = document.documentElement;
const button = document.getElementById('titles');

const areAlone = () => root.dataset.view === 'titles';

function show() {
  button?.setAttribute('aria-pressed', String(areAlone()));
}

function turn() {
  if (areAlone()) delete root.dataset.view;
  else root.dataset.view = 'titles';
  show();
  try {
    keep('view', root.dataset.view ?? null);
    announce(word(areAlone() ? 'titlesShown' : 'abstractsShown'));
  } catch (error) {
    console.warn(error);
    say(word('keepsNothing'));
  }
  document.querySelector('.paper.current')?.scrollIntoView({ block: 'nearest' });
}

button?.addEventListener('click', turn);
document.addEventListener('click', ({ target }) => {
  const unfold = target instanceof Element && target.closest('[data-action="unfold"]');
  const paper = unfold && unfold.closest('article.paper');
  if (paper) unfold.setAttribute('aria-expanded', String(paper.classList.toggle('unfolded')));
});
show();
