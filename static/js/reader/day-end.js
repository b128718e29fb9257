/** The last line of a day says how many of its papers are starred, since only the browser knows that. */

import { shelf } from '../shelf/shelf.js';

/** @type {Map<Element, string>} the line as the server wrote it */
const written = new Map();

function countStars() {
  const line = document.getElementById('day-end');
  if (!line) return;
  if (!written.has(line)) written.set(line, line.textContent ?? '');
  const papers = [...document.querySelectorAll('#papers > .paper')];
  const count = papers.filter(({ id }) => shelf.of(id).starred).length;
  const text = line.dataset.withStars?.replace('{count}', String(count));
  line.textContent = (count > 0 && text) || (written.get(line) ?? '');
}

shelf.ready().then(
  () => {
    countStars();
    shelf.onChange(countStars);
    document.addEventListener('list:grown', countStars);
  },
  () => undefined, // the line stays as it is; shelf/paper-marks.js says that nothing can be kept
);
