/**
 * Markdown to HTML with the mathematics protected. The HTML is Marked's and not yet safe: it goes through DOMPurify
 * before it enters a page. Mathematics never passes through an HTML parser: where a formula stood, the HTML holds
 * U+E000, the formula's number, U+E001, and the caller puts an element there.
 */

import { Lexer, Parser } from '../vendor/marked.esm.js';
import { scanUnfinished } from './tex-scanner.js';

/** @typedef {import('./tex-scanner.js').MathSegment} MathSegment */
/** @typedef {{kind: 'plain', source: string}} PlainSegment something shown as its source: a formula cut short, or a character that we use as a mark */
/** @typedef {MathSegment | PlainSegment} Formula */
/** @typedef {Record<string, {href?: string | null, title?: string | null}>} Links link definitions by label */

/** A placeholder in text: its first group is the number of the formula. */
export const PLACEHOLDER = /\uE000(\d+)\uE001/g;
/** Our own marks in somebody's text, as characters or as HTML would write them. */
const OURS = /(?:[\uE000\uE001]|&#(?:0*5734[45]|[xX]0*[eE]00[01]);?)+/g;
const IN_ADDRESS = /%EE%80%80(\d+)%EE%80%81/g;

/**
 * Renders Markdown. The same formula written twice has one number, so that a reference still finds its definition.
 * @param {string} source
 * @param {Links} [known] link definitions from elsewhere in the text, as an earlier call gave them
 * @returns {{html: string, formulas: Formula[], links: Links}} the HTML before DOMPurify; what its placeholders stand
 *   for; the known definitions with those of this text
 */
export function renderMarkdown(source, known = {}) {
  const { text, formulas } = protect(source.replace(/\r\n?/g, '\n'));
  const lexer = new Lexer();
  Object.assign(lexer.tokens.links, known);
  const html = /** @type {string} */ (Parser.parse(lexer.lex(text)));
  /** @type {Links} */
  const links = Object.create(null);
  for (const [label, { href, title }] of Object.entries(lexer.tokens.links))
    links[label] = {
      href: href && restoreText(href, formulas),
      title: title && restoreText(title, formulas),
    };
  return { html, formulas, links };
}

/** @param {string} source @returns {{text: string, formulas: Formula[]}} */
function protect(source) {
  /** @type {Formula[]} */
  const formulas = [];
  /** @type {Map<string, number>} */
  const numbers = new Map();
  /** @param {Formula} formula */
  const placeholder = (formula) => {
    const key = `${formula.kind} ${formula.source}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = formulas.push(formula) - 1;
      numbers.set(key, number);
    }
    return `\uE000${number}\uE001`;
  };
  /** @param {string} text */
  const prose = (text) => text.replace(OURS, (marks) => placeholder({ kind: 'plain', source: marks }));
  const { segments, unfinished: cut } = scanUnfinished(source);
  let text = '';
  for (const segment of segments) {
    if (segment.kind === 'math') text += placeholder(segment);
    else if (segment.end <= cut) text += prose(segment.text);
    else {
      text += prose(segment.text.slice(0, cut - segment.start));
      text += placeholder({ kind: 'plain', source: segment.text.slice(cut - segment.start) });
    }
  }
  return { text, formulas };
}

/**
 * Puts the source back where a placeholder fell into code, an attribute or an address.
 * @param {string} text
 * @param {readonly Formula[]} formulas
 */
export function restoreText(text, formulas) {
  return text
    .replace(PLACEHOLDER, (mark, number) => formulas[number]?.source ?? mark)
    .replace(IN_ADDRESS, (mark, number) => (formulas[number] ? encodeURI(formulas[number].source) : mark));
}
