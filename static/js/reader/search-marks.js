/** Marks in the hits of a search what was searched for, as the find bar marks its own: no element changes. */

import { markWords, watchPaper } from './find-marks.js';
import { wordsOf } from './search-words.js';

/** @param {Iterable<Element>} papers */
const watch = (papers) => {
  for (const paper of papers) watchPaper(paper);
};

/** Marks the hits; the find bar takes the marks over while it is open. */
function start() {
  const query = new URLSearchParams(location.search).get('q') ?? '';
  markWords(wordsOf(query), true);
  watch(document.querySelectorAll('#papers > .paper'));
}

if (document.querySelector('form.find #q') && document.querySelector('#papers')) {
  start();
  document.addEventListener('list:grown', (event) =>
    watch(/** @type {CustomEvent<Element[]>} */ (event).detail),
  );
  document.addEventListener('find:closed', start);
}
