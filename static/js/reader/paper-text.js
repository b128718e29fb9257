/** The texts of a paper on the page as they were written, whatever a translator made of what is shown. */

/** @typedef {import('../../math-text/math-text.js').MathText} MathText */

/** The source of a text of a paper; empty where it has none. @param {Element} paper @param {'title' | 'abstract'} kind */
export const paperSource = (paper, kind) =>
  /** @type {MathText | null} */ (paper.querySelector(`math-text.${kind}`))?.source ?? '';

/** @param {Element} paper */
export const authorsOf = (paper) => paper.querySelector('.authors')?.textContent ?? '';
