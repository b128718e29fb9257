/** The reader's words: how much a paper speaks of what they prefer. Pure functions; nothing is hidden by them. */

import { fold, wanted } from './find.js';

/** @typedef {{ score: number, found: string[] }} Liking the words that were found, as they were folded */

const IN_TITLE = 3;
const IN_TEXT = 1;

/**
 * How well a paper fits the reader's words: each counts once, more in a title, and a word with a hyphen before it
 * counts against.
 * @param {string} words such as `kernel "random walk" -survey` @returns {(title: string, text: string) => Liking}
 */
export function liking(words) {
  const { include, exclude } = wanted(words, true);
  return (title, text) => {
    const titleFolded = fold(title);
    const textFolded = fold(text);
    const weight = (/** @type {string} */ word) =>
      titleFolded.includes(word) ? IN_TITLE : textFolded.includes(word) ? IN_TEXT : 0;
    const sum = (/** @type {string[]} */ list) => list.reduce((total, word) => total + weight(word), 0);
    return {
      score: sum(include) - sum(exclude),
      found: include.filter((word) => weight(word) > 0),
    };
  };
}

/** The words with one more, or without it where it is among them. @param {string} words @param {string} word */
export function withWord(words, word) {
  const written = /\s/.test(word) ? `"${word}"` : word;
  const all = words.match(/-?(?:"[^"]*"?|\S+)/g) ?? [];
  const others = all.filter((other) => fold(other) !== fold(written));
  return (others.length < all.length ? others : [...all, written]).join(' ');
}
