/** Marks papers that have a newer version than the reader saw: when they read or starred it, or were here last. */

import { word } from '../page/announcements.js';
import { kept } from '../page/local-settings.js';
import { shelf } from '../shelf/shelf.js';

/** @param {Iterable<Element>} papers */
function mark(papers) {
  const visited = Number(kept('visits')?.last?.time) || Infinity;
  for (const paper of papers) {
    const updated = Date.parse(/** @type {HTMLElement} */ (paper).dataset.updated ?? '');
    const { read, starred } = shelf.of(paper.id);
    const seen = read || starred ? Date.parse(read ?? starred ?? '') : visited;
    if (!(updated > seen) || paper.querySelector('.newer')) continue;
    const shown = document.createElement('span');
    shown.className = 'mark newer';
    shown.textContent = word('newVersion');
    paper.querySelector('.facts')?.append(' · ', shown);
  }
}

shelf.ready().then(
  () => {
    mark(document.querySelectorAll('article.paper'));
    document.addEventListener('list:grown', (event) =>
      mark(/** @type {CustomEvent<Element[]>} */ (event).detail),
    );
  },
  (error) => console.warn(error), // nothing is known of what was seen
);
