/** Marks in the hits of a search what was searched for, as the find bar marks its own: no element changes. */

import { fold } from './find.js';
import { markWords, watchPaper } from './find-marks.js';

const OPERATORS = /\b(?:AND|OR)\b/g;
const EXCLUDED = /(?:\b(?:NOT|ANDNOT)\s+|(?:^|\s)-)(?:[a-z]+:)?(?:"[^"]*"|\([^)]*\)|\S+)/gi;
const ELSEWHERE = /\b(?:cat|category|id|in|tag):(?:"[^"]*"|\S+)/gi;
const ENDING = /(?:ies|ing|ed|es|s|y|e)$/; // roughly what the index's English stemmer takes away
const SHORTEST = 4; // letters that a stem keeps

/** The words of a query to be marked, folded, without their endings. @param {string} query @returns {string[]} */
export function wordsOf(query) {
  const bare = query
    .replace(EXCLUDED, ' ')
    .replace(ELSEWHERE, ' ')
    .replace(OPERATORS, ' ')
    .replace(/\b[a-z]+:(?=\S)/gi, ' ');
  const words = bare.match(/"[^"]*"|[^\s()"]+/g) ?? [];
  return words
    .map((word) => fold(word.replaceAll('"', '')).trim())
    .filter((word) => word.length > 1 || /\p{Script=Han}/u.test(word))
    .map((word) => {
      const stem = word.replace(ENDING, '');
      return stem.length >= SHORTEST ? stem : word;
    });
}

/** @param {Iterable<Element>} papers */
const watch = (papers) => {
  for (const paper of papers) watchPaper(paper);
};

/** Marks the hits; the find bar takes the marks over while it is open. */
function start() {
  const query = new URLSearchParams(location.search).get('q') ?? '';
  markWords(wordsOf(query));
  watch(document.querySelectorAll('#papers > .paper'));
}

if (
  typeof document !== 'undefined' &&
  document.querySelector('form.find #q') &&
  document.querySelector('#papers')
) {
  start();
  document.addEventListener('list:grown', (event) =>
    watch(/** @type {CustomEvent<Element[]>} */ (event).detail),
  );
  document.addEventListener('find:closed', start);
}
