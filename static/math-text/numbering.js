/**
 * The equation numbers and labels of one text: which formulas take part, and which have to be typeset again when their
 * numbers are no longer right. MathJax's tags count; this module draws nothing.
 */

import { follows, formulasIn } from './formula.js';
import { newTags } from './mathjax.js';

/**
 * MathJax's tags, the formulas that have to do with them in the order in which they were read, those that name what the
 * text does not have so far, and those to be read again in their old place.
 * @typedef {{tags: any, formulas: Set<HTMLElement>, missing: Map<HTMLElement, string[]>, again: Set<HTMLElement>}} Numbering
 */

const NUMBERED = /\\(?:tag|label|ref|eqref|begin)\b/;
const LABEL = /\\label\s*\{([^{}]*)\}/g;
const REFERENCE = /\\(?:eq)?ref\s*\{([^{}]*)\}/g;

/** The tags of a formula's text, and how many equations come before it. @type {WeakMap<HTMLElement, {tags: any, before: number}>} */
const places = new WeakMap();

/** @returns {Numbering} */
export const newNumbering = () => ({ tags: null, formulas: new Set(), missing: new Map(), again: new Set() });

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
  if (!isNumbered(item.math)) return tags;
  if (numbering.again.has(span)) {
    noteMissing(numbering, span);
    return tagsAside(span);
  }
  if (!item.inputData.recompile) numbering.formulas.delete(span); // one that had to wait for its font comes last now
  numbering.formulas.add(span);
  places.set(span, { tags, before: item.inputData.recompile?.counter ?? tags.allCounter });
  return tags;
}

/** Tags that number and name a formula as its text has done, and leave those of the text alone. @param {HTMLElement} span */
export function tagsAside(span) {
  const place = places.get(span);
  return newTags(place && { labels: place.tags.allLabels, before: place.before });
}

/** Takes note of what a formula names and its text does not have, so far. @param {Numbering} numbering @param {HTMLElement} span */
export function noteMissing({ tags, missing }, span) {
  const unknown = named(REFERENCE, span).filter((label) => !(label in tags.allLabels));
  if (unknown.length > 0) missing.set(span, unknown);
  else missing.delete(span);
}

/**
 * The formulas to be typeset again since what they number or name has changed: all where a numbered one has left the
 * page or come before others, else those that named what has come. Empty where all is well, as it is where the last ones
 * have left: the end of a stream is shown again with each chunk.
 * @param {Numbering} numbering
 * @param {HTMLElement} text what holds the formulas
 * @returns {HTMLElement[]}
 */
export function outdated(numbering, text) {
  const { tags, formulas, missing, again } = numbering;
  const there = [...formulas].filter((span) => text.contains(span));
  const gone = [...formulas].slice(there.length);
  const isOrdered = there.every((span, index) => index === 0 || follows(there[index - 1], span));
  if (!isOrdered || gone.some((span) => text.contains(span))) {
    Object.assign(numbering, newNumbering());
    return formulasIn(text).filter((span) => formulas.has(span));
  }
  if (gone.length > 0) forget(numbering, there, gone);
  const told = [...missing].filter(([, labels]) => labels.some((label) => label in tags.allLabels));
  for (const [span] of told) {
    missing.delete(span);
    again.add(span);
  }
  return told.map(([span]) => span);
}

/**
 * Counts and names on from where the last formulas that are there have left off.
 * @param {Numbering} numbering
 * @param {HTMLElement[]} there
 * @param {HTMLElement[]} gone
 */
function forget(numbering, there, gone) {
  const { tags, formulas, missing } = numbering;
  tags.allCounter = places.get(gone[0])?.before;
  for (const span of gone) {
    formulas.delete(span);
    missing.delete(span);
  }
  const left = new Set(there.flatMap((span) => named(LABEL, span)));
  const labels = gone.flatMap((span) => named(LABEL, span)).filter((label) => !left.has(label));
  if (labels.length === 0) return;
  for (const label of labels) delete tags.allLabels[label];
  for (const span of there) noteMissing(numbering, span);
}

/** The labels in a formula that a pattern finds. @param {RegExp} pattern @param {HTMLElement} span */
const named = (pattern, { dataset }) => [...(dataset.tex ?? '').matchAll(pattern)].map(([, label]) => label);
