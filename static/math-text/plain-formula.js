/**
 * The formulas of a text as plain words and signs, for a picture's description, which can hold no drawing. It sets
 * nothing above or below the line.
 */

import { SIGNS, SYMBOLS } from './tex-text.js';
import { scan } from './tex-scanner.js';

/** Commands that only say how their argument looks. */
const LOOKS =
  /^(?:(?:math|text|bold)[a-z]*|bm|operatorname|[bB]ig+[lr]?|left|right|(?:display|text)style|limits)$/;

/** @param {string} text @returns {string} */
export function withPlainFormulas(text) {
  return scan(text, 'markdown')
    .map((segment) => (segment.kind === 'math' ? plain(segment.tex) : segment.text))
    .join('');
}

/** @param {string} tex @example plain('\\mathbf{x}_1 \\le \\alpha') // 'x_1 ≤ α' */
function plain(tex) {
  return tex
    .replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, '$1/$2')
    .replace(/\\([A-Za-z]+)\*?\s?|\\([^])/g, (_, name, sign) => {
      if (sign !== undefined) return /[\s,;:!>\\]/.test(sign) ? ' ' : sign;
      return SYMBOLS.get(name) ?? SIGNS.get(name) ?? (LOOKS.test(name) ? '' : `${name} `);
    })
    .replace(/[{}$]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
