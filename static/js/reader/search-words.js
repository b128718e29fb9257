/** The words of a search that its hits are marked with. */

import { fold } from './find.js';

const OPERATORS = /\b(?:AND|OR)\b/g;
const EXCLUDED = /(?:\b(?:NOT|ANDNOT)\s+|(?:^|\s)-)(?:[a-z]+:)?(?:"[^"]*"|\([^)]*\)|\S+)/gi;
const ELSEWHERE = /\b(?:cat|category|id|in|tag|co|comment|doi):(?:"[^"]*"|\S+)/gi;
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
    .map((word) => ({ quoted: word.startsWith('"'), word: fold(word.replaceAll('"', '')).trim() }))
    .filter(({ word }) => word.length > 1 || /\p{Script=Han}/u.test(word))
    .map(({ word, quoted }) => {
      if (quoted) return word;
      const stem = word.replace(ENDING, '');
      return stem.length >= SHORTEST ? stem : word;
    });
}
