/**
 * TeX as its author meant it, where MathJax would take it otherwise: comments, accents and signs in text, items of a list.
 * It reads one formula and expands no definitions.
 */

import { withoutPackages } from './packages.js';
import { SIGNS, accented } from './tex-text.js';

/** Signs that may stand in text and in mathematics. @type {Record<string, string>} */
const TEXT_SIGNS = {
  textdegree: '°',
  pounds: '£',
  copyright: '©',
  texteuro: '€',
  textregistered: '®',
  texttrademark: '™',
};
/** @type {Record<string, string>} */
const PLAIN_LETTERS = {
  aa: 'å', AA: 'Å', ae: 'æ', AE: 'Æ', oe: 'œ', OE: 'Œ', o: 'ø', O: 'Ø', l: 'ł', L: 'Ł', ss: 'ß', i: 'ı', j: 'ȷ',
}; // prettier-ignore
const TEXT = /\\(?:text[a-z]*|[mhf]box|mathrm|operatorname\*?)\s*\{((?:[^{}]|\{[^{}]*\}){0,2000})\}/g;
const ACCENT =
  /\\(['"`^~=.]|[uvHcdbkr](?![A-Za-z]))[ \t]*(?:\{(\\?[A-Za-z])\}|(\\[ij](?![A-Za-z])\s?|\p{L}))/gu;
/** Of those that are set as text alone, formulas between dollars or the words around them. */
const WORDS = /^\\(?:text|[mhf]box)/;
const SIGN = /\$[^$]*\$|\\(text[a-z]+|S|P|dag|ddag|euro|ldots|dots|LaTeX|TeX)(?![A-Za-z{])\s?|-{2,3}/g;
const IF_MATHEMATICS = /\\ifmmode(?![A-Za-z])\s?([^]*?)(?:\\else(?![A-Za-z])\s?([^]*?))?\\fi(?![A-Za-z])\s?/g;
const ENTITIES = /** @type {Record<string, string>} */ ({ lt: '<', gt: '>', amp: '&' });
const LETTERS = /\\(?:aa|AA|ae|AE|oe|OE|o|O|l|L|ss|i|j)(?![A-Za-z])\s?/g;
const ITEM =
  /(\\begin\{(?:enumerate|itemize)\}(?:\[[^\]]{0,80}\])?\s*)?\\item(?![A-Za-z])\s*(?:\[([^\]]{0,80})\])?/g;
/** Equations that share a number's letters. MathJax refuses an environment of equations within another. */
const SUBEQUATIONS = /\\(?:begin\{subequations\}(?:\s*\\label\s*\{[^{}]*\})?|end\{subequations\})\s*/g;
/** Dollars around a coloured formula's contents, which is mathematics already. */
const COLOURED = /(\\textcolor\s*(?:\[[^\]]{0,60}\])?\s*\{[^{}]{0,60}\}\s*\{)\$([^$]*)\$\}/g;
const LIST = /\\begin\{(?:enumerate|itemize)\}/;

/**
 * A formula's TeX as MathJax should read it. A bare % makes a comment only before a further line or after a space in one
 * of several lines, and a bare _ within text is itself;
 * `\\unicode` is replaced by its character, since the extension would load a font of the author's choice.
 * @param {string} tex
 */
export function asMeant(tex) {
  const { length } = tex.trimEnd();
  const isLong = tex.trim().includes('\n');
  return inText(listed(withoutPackages(tex.replace(/&(lt|gt|amp);/g, (_, name) => ENTITIES[name]))))
    .replace(IF_MATHEMATICS, '$1')
    .replace(SUBEQUATIONS, '')
    .replace(COLOURED, '$1$2}')
    .replace(/\\unicode\s*\{\s*(?:[xX]([\da-fA-F]{1,6})|(\d{1,7}))\s*\}/g, (whole, hex, decimal) =>
      signOf(hex ? parseInt(hex, 16) : Number(decimal), whole),
    )
    .replace(
      /\\(textdegree|pounds|copyright|texteuro|textregistered|texttrademark)(?![A-Za-z])\s?/g,
      (whole, name) => TEXT_SIGNS[name] ?? whole,
    )
    .replace(/\\[^]|%[^\n]*\n?/g, (found, at, whole) => {
      if (found[0] !== '%') return found;
      const goesOn =
        (found.endsWith('\n') && at + found.length < length) ||
        (isLong && /^%+\s*[^\s%]/.test(found) && /\s/.test(whole[at - 1] ?? ' '));
      return goesOn ? '\n' : found.replace(/\\[^]|%/g, (sign) => (sign === '%' ? '\\%' : sign));
    })
    .replace(/\\(?:text[a-z]*|mbox)\s*\{[^{}$]*_[^{}$]*\}/g, (text) =>
      text.replace(/\\[^]|_/g, (found) => (found === '_' ? '\\_' : found)),
    );
}

/** @param {number} code @param {string} otherwise */
function signOf(code, otherwise) {
  const sign = code <= 0x10ffff ? String.fromCodePoint(code) : '';
  if (!/^[\p{L}\p{N}\p{P}\p{S}]$/u.test(sign)) return otherwise;
  return /[#$%&_{}]/.test(sign) ? `\\${sign}` : /[\\^~]/.test(sign) ? otherwise : `{${sign}}`;
}

/** Accents and letters of text as the letters that they make: one sign for those who hear the formula. @param {string} tex */
function inText(tex) {
  return tex.replace(TEXT, (text) =>
    (WORDS.test(text) ? asWords(text) : text)
      .replace(
        ACCENT,
        (found, accent, braced, letter) => accented(accent, (braced ?? letter).trim()) ?? found,
      )
      .replace(LETTERS, (found) => PLAIN_LETTERS[found.trim().slice(1)] ?? found),
  );
}

/** @param {string} text */
function asWords(text) {
  return text
    .replace(IF_MATHEMATICS, '$2')
    .replace(SIGN, (found, name) =>
      found[0] === '-' ? (found.length === 2 ? '–' : '—') : ((name && SIGNS.get(name)) ?? found),
    );
}

/** Items of a list as rows, each with its mark. @param {string} tex */
function listed(tex) {
  const isList = LIST.test(tex);
  return tex.replace(ITEM, (_, begin, label) => {
    const before = begin ? begin.trim().replace(/\[[^[\]]*\]$/, '') : isList ? '\\\\ ' : '';
    return `${before}${label === undefined ? '\\bullet' : `\\text{${label}}`}\\ `;
  });
}
