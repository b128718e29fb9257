/**
 * The equation numbers and labels of one text: which formulas take part, and which have to be typeset again when their
 * numbers are no longer right. MathJax's tags count; this module draws nothing.
 */

import { follows, formulasIn } from './formula.js';
import { newTags } from './mathjax.js';

/**
 * MathJax's tags, the formulas that have to do with them, and how many labels there were when a reference named one
 * that was not there.
 * @typedef {{tags: any, formulas: Set<HTMLElement>, missedAt: number | null}} Numbering
 */

const NUMBERED = /\\(?:tag|label|ref|eqref|begin)\b/;
const REFERENCE = /\\(?:eq)?ref\s*\{([^{}]*)\}/g;

/** The tags of a formula's text, and how many equations come before it. @type {WeakMap<HTMLElement, {tags: any, before: number}>} */
const places = new WeakMap();

/** @returns {Numbering} */
export const newNumbering = () => ({ tags: null, formulas: new Set(), missedAt: null });

/** Whether a formula may have to do with numbers. @param {string} tex */
export const isNumbered = (tex) => NUMBERED.test(tex);

/**
 * The tags to read a formula with.
 * @param {Numbering} numbering
 * @param {HTMLElement} span
 * @param {any} item MathJax's, of this formula
 */
export function tagsFor(numbering, span, item) {
  const tags = (numbering.tags ??= newTags());
  if (isNumbered(item.math)) {
    numbering.formulas.add(span);
    places.set(span, { tags, before: item.inputData.recompile?.counter ?? tags.allCounter });
  }
  return tags;
}

/** Tags that number a formula as it is numbered, and take no part in its text. @param {HTMLElement} span */
export function tagsAside(span) {
  const place = places.get(span);
  const tags = newTags();
  if (place) Object.assign(tags, { allLabels: { ...place.tags.allLabels }, allCounter: place.before });
  return tags;
}

/** Takes note of what a formula names and the text does not have, so far. @param {Numbering} numbering @param {string} tex */
export function noteMissing(numbering, tex) {
  const named = [...tex.matchAll(REFERENCE)].map(([, label]) => label);
  if (!named.every((label) => label in numbering.tags.allLabels))
    numbering.missedAt = labelsOf(numbering.tags);
}

/**
 * The formulas to be typeset again since what they number or name has changed: a numbered formula has left the page or
 * come before others, or a label has come that a reference missed. Empty where all is well.
 * @param {Numbering} numbering
 * @param {HTMLElement} text what holds the formulas
 * @returns {HTMLElement[]} in the order of the page
 */
export function outdated({ tags, formulas, missedAt }, text) {
  const there = [...formulas].filter((span) => text.contains(span));
  const inOrder = there.every((span, index) => index === 0 || follows(there[index - 1], span));
  const missedCame = missedAt !== null && labelsOf(tags) > missedAt;
  if (inOrder) return missedCame || there.length < formulas.size ? there : [];
  return formulasIn(text).filter((span) => formulas.has(span));
}

/** @param {any} tags */
const labelsOf = (tags) => Object.keys(tags.allLabels).length;
