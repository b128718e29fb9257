/**
 * The libraries that the element needs, and where they lie: no other module names their folder. In the package of the
 * element it is `vendor` beside this module (pack.js).
 */

/** @typedef {import('../vendor/marked.esm.js').Token} Token */
/** @typedef {import('../vendor/marked.esm.js').Tokens.List} List */
/** @typedef {import('../vendor/marked.esm.js').TokenizerThis} TokenizerThis */

export { default as DOMPurify } from '../vendor/purify.es.mjs';
export { Lexer, Marked, Parser } from '../vendor/marked.esm.js';

/** The folder of MathJax and its fonts. */
export const LIBRARIES = new URL('../vendor/', import.meta.url);
